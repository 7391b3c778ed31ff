# alflab figures training: balance over the steps, and what is left of it in a table beside the validation loss. Drawn from
# training.csv, for two columns of text.
width = 1080
height = 1180
load folder.'/style.gp'

rules = 'sign proportional-fraction'
schedules = 'constant 1/sqrt(n) 1/n'
shown = '"ε_n = u" "ε_n = u/√n" "ε_n = u/n"'
sizes = '0.0001 0.001 0.01 0.1 1 10'
names = '10^{−4} 10^{−3} 10^{−2} 10^{−1} 1 10'

set multiplot
unset key
set logscale y
set xrange [0:*]
set yrange [0.4:10]
do for [r = 1:2] {
  do for [s = 1:3] {
    panel = word(rules, r).' '.word(schedules, s)
    set lmargin at screen 0.065 + (s - 1) * 0.315
    set rmargin at screen 0.065 + (s - 1) * 0.315 + 0.285
    set tmargin at screen (r == 1 ? 0.95 : 0.68)
    set bmargin at screen (r == 1 ? 0.95 : 0.68) - 0.185
    set ytics (0.5, 1, 2, 5, 10) format (s == 1 ? '%g' : '')
    set label 1 sprintf('%c   %s, %s', 96 + 3 * (r - 1) + s, r == 1 ? 'sign rule' : 'proportional rule', word(shown, s)) at graph 0, 1.08 left
    set label 2 'step of training n' at graph 0.5, -0.235 center
    set label 4 (r == 1 && s == 1 ? 'grey band: not balanced; dotted: auxiliary loss, coefficient 0.1' : '') at screen 0.98, 0.988 right font ',14' textcolor rgb '#505050'
    set label 3 (s == 1 ? 'MaxVio' : '') at graph -0.16, 0.5 center rotate
    plot csv skip 1 using (pick('auxiliary', '0', $3)):4 with lines linewidth 5 linecolor rgb '#d0d0d0', \
      csv skip 1 using (pick('auxiliary', '0.1', $3)):4 with lines linewidth 1 linecolor rgb '#808080' dashtype (1, 3), \
      for [i = 1:6] csv skip 1 using (pick(panel, word(sizes, i), $3)):4 with linespoints linestyle i pointinterval 4
  }
}
legend_at = 0.415
legend_title = 'u ='
legend_start = 0.1
load folder.'/legend.gp'

# Two tables, one field for each rule, schedule and step size, the baselines in the last row.
rows = '"sign constant" "sign 1/sqrt(n)" "sign 1/n" "proportional-fraction constant" "proportional-fraction 1/sqrt(n)" "proportional-fraction 1/n" auxiliary'
row_names = '"sign, u" "sign, u/√n" "sign, u/n" "prop., u" "prop., u/√n" "prop., u/n" "aux. loss"'
row(name) = sum [i = 1:words(rows)] (word(rows, i) eq name ? i : 0)
place(name, x) = name eq 'auxiliary' ? (x == 0 ? 1 : log10(x) + 5) : log10(x) + 5
is(metric) = strcol(1) eq metric
shade(v) = int(255 - 90 * v) * 65536 + int(255 - 60 * v) * 256 + int(255 - 20 * v)
share(v) = (v - least) / (most > least ? most - least : 1)
spread(low, high) = low eq '' ? '' : sprintf('±'.digits, (high - low) / 2)

set border 0
unset grid
do for [t = 1:2] {
  metric = t == 1 ? 'mean_max_violation_late' : 'validation_loss'
  set autoscale
  stats csv skip 1 using (is(metric) ? $4 : NaN) name 'of' nooutput
  least = of_min
  most = of_max
  left = t == 1 ? 0.095 : 0.56
  set lmargin at screen left
  set rmargin at screen left + 0.415
  set tmargin at screen 0.345
  set bmargin at screen 0.035
  set xrange [0.5:6.5]
  set yrange [words(rows) + 0.75:0.5]
  unset logscale
  set xtics scale 0 offset 0, 0.4 font ',14' (0 0)
  set x2tics scale 0 offset 0, -0.4 font ',15' (0 0)
  set ytics scale 0 offset 0.5, 0 font ',14' (0 0)
  set for [i = 1:6] x2tics add (word(names, i) i)
  set for [i = 1:words(rows)] ytics add (t == 1 ? word(row_names, i) : '' i + (i == words(rows) ? 0.25 : 0))
  set for [i = 1:5] xtics add (word('0 10^{−3} 10^{−2} 10^{−1} 1', i) i)
  set label 1 (t == 1 ? 'g   MaxVio, mean over the second half' : 'h   validation loss at the end (nats per byte)') at graph 0, 1.14 left font ',16' textcolor rgb '#000000'
  set label 2 'u =' at graph -0.005, 1.052 right font ',15'
  set label 3 (t == 1 ? 'coefficient' : '') at graph -0.005, -0.033 right font ',14'
  y(name) = row(name) + (name eq 'auxiliary' ? 0.25 : 0)
  digits = t == 1 ? '%.2f' : '%.3f'
  plot csv skip 1 using (is(metric) ? place(strcol(2), $3) : NaN):(y(strcol(2))):(0.48):(0.46):(shade(share($4))) with boxxyerror fillstyle solid noborder linecolor rgb variable, \
    csv skip 1 using (is(metric) ? place(strcol(2), $3) : NaN):(y(strcol(2)) - 0.13):(sprintf(digits, $4)) with labels font ',14', \
    csv skip 1 using (is(metric) ? place(strcol(2), $3) : NaN):(y(strcol(2)) + 0.23):(spread(strcol(5), strcol(6))) with labels font ',11' textcolor rgb '#404040'
}
unset multiplot
