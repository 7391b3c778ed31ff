# alflab figures benefit: what tokens gain by switching, update by update, against its bound and against the squared excess.
# Drawn from benefit.csv, for one column of text.
width = 540
height = 940
load folder.'/style.gp'

runs = '"sign constant 0.01" "sign 1/sqrt(n) 0.01" "proportional constant 0.0001" "proportional 1/sqrt(n) 0.0001"'
others = '"sign constant 0.0001" "sign 1/sqrt(n) 0.0001" "proportional constant 0.01" "proportional 1/sqrt(n) 0.01"'

set multiplot
unset key
set lmargin at screen 0.16
set rmargin at screen 0.965
set logscale xy
set format '10^{%T}'

set tmargin at screen 0.95
set bmargin at screen 0.7
set xtics 100
set ytics 100
set mxtics 2
set mytics 2
set label 1 'a   The benefit is at most its bound' at graph -0.16, 1.07 left
set label 2 'bound Σ_k δ_k(A_k^{n+1} − A_k^n)  (affinity)' at graph 0.5, -0.235 center
set label 3 'Σ_i b_i  (affinity)' at graph -0.15, 0.5 center rotate
plot x with lines linestyle 5, \
  for [i = 1:4] csv skip 1 using (pick('benefit', word(others, i), $3)):4 with points linestyle i, \
  for [i = 1:4] csv skip 1 using (pick('benefit', word(runs, i), $3)):4 with points linestyle i

unset logscale y
set format y '%g'
set label 4 'u = 10^{−2} (sign), 10^{−4} (proportional); in a both, each' at screen 0.16, 0.062 left font ',12' textcolor rgb '#505050'
set xtics 10
set mxtics default
set mytics default
set ytics autofreq
set xrange [1:*]
set tmargin at screen 0.59
set bmargin at screen 0.435
set yrange [0:1]
set ytics 0.5
set label 1 'b   … and half of it on average as steps fall' at graph -0.16, 1.1 left
set label 2 'updates n' at graph 0.5, -0.31 center
set label 3 'Σ b_i / bound' at graph -0.15, 0.5 center rotate
plot 0.5 with lines linestyle 5, \
  for [i = 1:4] csv skip 1 using (pick('share', word(runs, i), $3)):4 with points linestyle i

set tmargin at screen 0.325
set bmargin at screen 0.175
set yrange [0:2]
set ytics 1
set label 1 'c   Above the line the Lagrangian rises' at graph -0.16, 1.1 left
set label 3 'Σ b_i / Σ ε_k(A_k − L)^2' at graph -0.15, 0.5 center rotate
plot 1 with lines linestyle 5, \
  for [i = 1:4] csv skip 1 using (pick('condition', word(runs, i), $3)):4 with points linestyle i
names = '"sign, u" "sign, u/√n" "proportional, u" "proportional, u/√n"'
legend_at = 0.02
legend_title = ''
legend_start = 0.01
legend_font = ',12'
load folder.'/legend.gp'
unset multiplot
