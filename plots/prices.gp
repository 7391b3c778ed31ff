# alflab figures prices: the learned shift against all optimal prices of the batch. Drawn from prices.csv, for one column of
# text. Bands are the range of the seeds.
width = 540
height = 760
load folder.'/style.gp'

columns = 'max_violation prices_inside price_distance price_correlation'
titles = '"a  balance" "b  experts inside" "c  distance of the farthest" "d  correlation"'
labels = '"MaxVio" "share of experts" "affinity" "with the centre"'
series = '"sign constant 0.001" "sign constant 0.01" "proportional-fraction 1/sqrt(n) 1"'
shown = '"sign, u = 10^{−3}" "sign, u = 10^{−2}" "proportional, u/√n, u = 1"'
colours = '#000000 #0072b2 #d55e00'
# Every fifth step is measured; the others have nothing but the balance.
is(i) = strcol(1) eq column && strcol(2) eq word(series, i) && int($3) % 5 == 1

# Of the band; a single run has none.
end(column) = strlen(strcol(column)) ? real(strcol(column)) : $4

set datafile missing NaN # between measured steps
set multiplot
unset key
set xrange [0:*]
set xtics 100
do for [p = 1:4] {
  column = word(columns, p)
  left = p % 2 ? 0.135 : 0.64
  top = p > 2 ? 0.515 : 0.945
  set lmargin at screen left
  set rmargin at screen left + 0.325
  set tmargin at screen top
  set bmargin at screen top - 0.28
  set label 1 word(titles, p) at graph 0, 1.08 left
  set label 2 'step of training n' at graph 0.5, -0.235 center
  set label 3 word(labels, p) at graph (p % 2 ? -0.34 : -0.37), 0.5 center rotate
  unset logscale
  if (p == 1) { set logscale y; set yrange [0.5:10]; set ytics (0.5, 1, 2, 5, 10) }
  if (p == 2) { set yrange [0:0.12]; set ytics auto }
  if (p == 3) { set logscale y; set yrange [*:*]; set ytics auto }
  if (p == 4) { set yrange [*:1]; set ytics auto }
  plot for [i = 1:3] csv skip 1 using (is(i) ? $3 : NaN):(end(5)):(end(6)) with filledcurves fillcolor rgb word(colours, i) fillstyle transparent solid 0.15 noborder, \
    for [i = 1:3] csv skip 1 using (is(i) ? $3 : NaN):4 with linespoints linestyle i pointinterval 8
}
unset border
unset tics
unset grid
unset logscale
unset label
set lmargin at screen 0.02
set rmargin at screen 0.98
set tmargin at screen 0.13
set bmargin at screen 0.02
set xrange [0:1]
set yrange [3.5:0.5]
plot for [i = 1:3] '+' using (0.2 + 0.1 * $1):(i) with lines linestyle i, \
  for [i = 1:3] '+' every ::0::0 using (0.25):(i) with points linestyle i, \
  for [i = 1:3] '+' every ::0::0 using (0.34):(i):(word(shown, i)) with labels left font ',15'
unset multiplot
