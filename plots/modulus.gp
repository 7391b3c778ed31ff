# alflab figures modulus: tie densities and the modulus, measured against predicted. Drawn from modulus.csv, for one column
# of text.
width = 540
height = 690
load folder.'/style.gp'

families = 'uniform beta truncated_normal gauss_sigmoid mixture softmax'
ways = 'gradients second'
points = 'zero minimiser'
family(i) = word(families, i)
series(i, at) = family(i).' '.word(points, at)
aside(w, at) = 0.2 * (w - 1.5) + 0.4 * (at - 1.5) # of a mark within its family's place in d
low(y) = y > 1e-4 ? y : 1e-4                      # for a logarithmic axis

# Room for all intervals of the ratios.
is_ratio(panel) = panel eq 'mu gradients ratio' || panel eq 'mu second ratio'
stats csv skip 1 using (is_ratio(strcol(1)) ? $5 : NaN) name 'low' nooutput
stats csv skip 1 using (is_ratio(strcol(1)) ? $6 : NaN) name 'high' nooutput
ratio_least = low_min - 0.005
ratio_most = high_max + 0.005

set multiplot
unset key
set logscale xy
set format '10^{%T}'
set xrange [2e-3:20]
set yrange [2e-3:20]
set tics 10
set mxtics 1
set mytics 1
titles = '"a   h_{kl} by gradients" "b   h_{kl} by 2nd differences"'
do for [w = 1:2] {
  set lmargin at screen 0.155 + (w - 1) * 0.455
  set rmargin at screen 0.155 + (w - 1) * 0.455 + 0.37
  set tmargin at screen 0.95
  set bmargin at screen 0.66
  set label 1 word(titles, w) at graph 0, 1.075 left
  set label 2 'predicted  (1 / affinity)' at graph 0.5, -0.25 center
  set label 3 (w == 1 ? 'measured  (1 / affinity)' : '') at graph -0.3, 0.5 center rotate
  if (w == 2) { set format y '' }
  plot x with lines linestyle 5 linewidth 1, \
    for [i = 1:6] for [at = 1:2] csv skip 1 using (pick(word(ways, w), series(i, at), $3)):(low($5)):(0):($6 - low($5)) with vectors nohead linestyle i dashtype solid linewidth 1, \
    for [i = 1:6] for [at = 1:2] csv skip 1 using (pick(word(ways, w), series(i, at), $3)):4 with points linestyle i linewidth 1 pointsize 0.45
}

set format '%g'
set lmargin at screen 0.155
set rmargin at screen 0.525
set tmargin at screen 0.515
set bmargin at screen 0.225
set xrange [0.15:2.5]
set yrange [0.15:2.5]
set xtics (0.2, 0.5, 1, 2)
set ytics (0.2, 0.5, 1, 2)
set label 1 'c   Modulus λ_2 = μ/T' at graph 0, 1.075 left
set label 3 'measured  (1 / affinity)' at graph -0.3, 0.5 center rotate
plot x with lines linestyle 5 linewidth 1, \
  for [w = 1:2] for [i = 1:6] for [at = 1:2] csv skip 1 using (pick('mu '.word(ways, w), series(i, at), $3)):5:(0):($6 - $5) with vectors nohead linestyle i dashtype solid linewidth 1, \
  for [w = 1:2] for [i = 1:6] for [at = 1:2] csv skip 1 using (pick('mu '.word(ways, w), series(i, at), $3)):4 with points linestyle i linewidth 1 pointsize 0.6

unset logscale
set lmargin at screen 0.66
set rmargin at screen 0.98
set xrange [0.4:6.6]
set yrange [ratio_least:ratio_most]
set ytics autofreq
set format y '%g'
unset xtics
set label 1 'd   measured / predicted' at graph -0.22, 1.075 left
set label 2 'each: at 0, then at p*' at graph 0.5, -0.1 center
unset label 3
plot 1 with lines linestyle 5 linewidth 1, \
  for [w = 1:2] for [i = 1:6] for [at = 1:2] csv skip 1 using (pick('mu '.word(ways, w).' ratio', series(i, at), $3 + aside(w, at))):5:(0):($6 - $5) with vectors nohead linestyle i dashtype solid linewidth 1, \
  for [w = 1:2] for [i = 1:6] for [at = 1:2] csv skip 1 using (pick('mu '.word(ways, w).' ratio', series(i, at), $3 + aside(w, at))):4 with points linestyle i linewidth 1 pointsize 0.5

# Three names a row.
unset label
labels = '"uniform" "Beta" "truncated normal" "sigmoid of normal" "mixture" "softmax"'
unset border
unset ytics
unset grid
set yrange [-1:1]
set xrange [0:1]
set lmargin at screen 0.02
set rmargin at screen 0.98
do for [row = 0:1] {
  set tmargin at screen 0.105 - row * 0.05
  set bmargin at screen 0.075 - row * 0.05
  plot for [j = 1:3] '+' every ::0::0 using (0.03 + (j - 1) * 0.33):(0) with points linestyle (3 * row + j), \
    for [j = 1:3] '+' every ::0::0 using (0.055 + (j - 1) * 0.33):(0):(word(labels, 3 * row + j)) with labels left font ',14'
}
unset multiplot
