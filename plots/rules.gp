# alflab figures rules: balance, gap and speed of every rule by default and at its best. Drawn from rules.csv. Rows are
# rules, the same in all panels; the figure fits a column: in one of 240 points its letters have 6 to 7.
width = 540
height = 970
load folder.'/style.gp'

# The rules of the file, from the y of their means: 1 is the upmost row.
rules = 0
stats csv skip 1 using (rules = $4 > rules ? int($4) : rules, 0) nooutput
array name[rules]
stats csv skip 1 using ($4 > 0 ? (name[int($4)] = strcol(2), 0) : 0, 0) nooutput
row(rule) = sum [i = 1:rules] (name[i] eq rule ? i : 0)

panels = 'batch fresh drift stream gap reached'
titles = '"a  one batch, repeated" "b  fresh batches" "c  drift" "d  a router’s stream" "e  gap to the optimum" "f  updates to balance"'
labels = '"MaxVio" "MaxVio" "MaxVio" "MaxVio" "(D(p) − OPT) / OPT" "1 + updates"'
lowest = '0.001 0.05 0.2 1 0.000001 1'
highest = '12 12 12 12 12 300'
is(kind) = strcol(1) eq panel.' '.kind

set multiplot
unset key
set logscale x
set yrange [rules + 0.6:0.4]
set border 3
set ytics scale 0
set xtics offset 0, 0.25
do for [p = 1:6] {
  panel = word(panels, p)
  one = panel eq 'reached' # updates can be 0
  at_left = p % 2 ? 0.295 : 0.662
  top = 0.962 - 0.308 * ((p - 1) / 2)
  set lmargin at screen at_left
  set rmargin at screen at_left + 0.31
  set tmargin at screen top
  set bmargin at screen top - 0.224
  set label 1 word(titles, p) at graph 0, screen top + 0.016 left
  set label 2 word(labels, p) at graph 0.5, screen top - 0.272 center font ',14'
  set xrange [word(lowest, p) + 0:word(highest, p) + 0]
  if (panel eq 'drift' || panel eq 'stream' || panel eq 'fresh') {
    set xtics format '%g' (0.1, 0.3, 1, 3, 10)
  } else {
    set xtics format '10^{%T}' panel eq 'gap' ? 100 : 10
  }
  set ytics format '' 1
  if (p % 2) {
    set for [i = 1:rules] ytics add (name[i] i) font ',13.5'
  } else {
    set for [i = 1:rules] ytics add ('' i)
  }
  plot csv skip 1 using (is('each') ? $3 : NaN):(row(strcol(2))) with points pointtype 2 pointsize 0.8 * marker linecolor rgb '#909090', \
    csv skip 1 using (is('default') ? $3 + one : NaN):4 with points pointtype 6 pointsize 1.7 * marker linewidth 2 linecolor rgb '#d55e00', \
    csv skip 1 using (is('best') ? $3 + one : NaN):4 with points pointtype 7 pointsize 1.2 * marker linecolor rgb '#000000'
}

# The legend is a plot of its own: gnuplot's keys differ in their columns from terminal to terminal.
set tmargin at screen 0.045
set bmargin at screen 0.01
set lmargin at screen 0.02
set rmargin at screen 0.98
unset border
unset xtics
unset ytics
unset grid
unset logscale x
set xrange [0:1]
set yrange [0:1]
unset label
set label 1 'by default' at 0.05, 0.5 left font ',15'
set label 2 'at its best' at 0.3, 0.5 left font ',15'
set label 3 'at its best, single instances' at 0.55, 0.5 left font ',15'
plot '+' every ::0::0 using (0.02):(0.5) with points pointtype 6 pointsize 1.7 * marker linewidth 2 linecolor rgb '#d55e00', \
  '+' every ::0::0 using (0.27):(0.5) with points pointtype 7 pointsize 1.2 * marker linecolor rgb '#000000', \
  '+' every ::0::0 using (0.52):(0.5) with points pointtype 2 pointsize 0.8 * marker linecolor rgb '#909090'
unset multiplot
