# alflab demo: how the iteration nears optimum and balance on real router affinities. Drawn from demo.csv.
width = 860
height = 1160
load folder.'/style.gp'

runs = '"sign constant u=0.001" "sign constant u=0.0001" "sign 1/sqrt(n) u=0.01" "sign 1/n u=0.1" "proportional 1/sqrt(n) u=0.0001"'
names = '"sign, 10^{−3}" "sign, 10^{−4}" "sign, 10^{−2}/√n" "sign, 10^{−1}/n" "proportional, 10^{−4}/√n"'
unbalanced = 'router without balancing, layer 2: 512 tokens, K = 6'
balanced = 'router with the sign rule, layer 1: 1024 tokens, K = 6'

stats csv skip 1 using (pick('load_band', 'low', $4)) name 'low' nooutput
stats csv skip 1 using (pick('load_band', 'target', $4)) name 'target' nooutput
stats csv skip 1 using (pick('load_band', 'high', $4)) name 'high' nooutput
stats csv skip 1 using (pick('limit', 'farthest', $4)) name 'farthest' nooutput

set multiplot layout 3, 2 margins 0.108, 0.975, 0.065, 0.948 spacing 0.13, 0.125

set logscale xy
set format '10^{%T}'

eval heading('a   Constant sign steps stop short of the optimum', unbalanced)
eval axes('updates n', 'D(p^n) − OPT  (affinity)')
set key bottom left Left reverse
plot for [i = 1:5] csv skip 1 using (pick('gap', word(runs, i), $3)):4 with lines linestyle i title word(names, i)

eval heading('b   … and short of balance', unbalanced)
eval axes('updates n', 'max load / L − 1')
unset key
plot [] [0.03:12] for [i = 1:5] csv skip 1 using (pick('max_violation', word(runs, i), $3)):4 with lines linestyle i

eval heading('c   Loads enter the band L ± (E − 2) and stay', balanced)
eval axes('updates n', 'largest and smallest load  (slots)')
unset logscale y
set format y '%g'
set key top right Left reverse
plot [1:2000] [0:700] high_max with filledcurves y1=low_max linecolor rgb '#dddddd' title 'band, q = 1', \
  target_max with lines linestyle 5 title 'target L', \
  for [i = 1:2] csv skip 1 using (pick('max_load', word(runs, i), $3)):4 with lines linestyle i title word(names, i), \
  for [i = 1:2] csv skip 1 using (pick('min_load', word(runs, i), $3)):4 with lines linestyle i notitle

eval heading('d   Limit cycles lie far inside the proved band', balanced)
eval axes('step size u of the sign rule', 'largest |A_k − L|  (slots)')
set logscale y
set format '10^{%T}'
set key bottom right Left reverse maxrows auto
plot [] [0.05:*] csv skip 1 using (pick('limit', 'band', $3)):4 with linespoints linestyle 2 title 'proved: q(E − 1) − 1', \
  farthest_max with lines linestyle 5 title 'possible: T − L', \
  csv skip 1 using (pick('limit', 'reached', $3)):4 with linespoints linestyle 1 title 'reached'

eval heading('e   Learned shifts follow optimal prices', 'router with the sign rule, every layer: 64 experts')
eval axes('optimal price, centred  (0.01)', 'learned shift, centred  (0.01)')
unset logscale
set format '%g'
set tics 4
set key top left Left reverse
plot [-11:4] [-11:4] x with lines linestyle 5 notitle, \
  for [i = 0:2] csv skip 1 using (100 * pick('price', 'layer '.i, $3)):(100 * $4) with points linestyle i + 1 title 'layer '.i

eval heading('f   Lagrangian: rises above the line, falls below', unbalanced)
eval axes('updates n', 'Σ b_i / Σ ε_k(A_k − L)^2')
set logscale x
set tics autofreq
set format x '10^{%T}'
set key top right Left reverse
plot [] [0:3.6] 1 with lines linestyle 5 notitle, \
  for [i in "1 4 5"] csv skip 1 using (pick('benefit', word(runs, i + 0), $3)):4 with points linestyle i + 0 title word(names, i + 0)
unset multiplot
