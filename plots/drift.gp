# alflab figures drift: dynamic regret a batch where batches change. Drawn from drift.csv, for two columns of text.
width = 1080
height = 700
load folder.'/style.gp'

rules = 'proportional sign'
schedules = 'constant 1/sqrt(n) 1/n'
sources = 'drift stream'
set errorbars small

set multiplot
unset key
do for [f = 1:2] {
  do for [r = 1:3] {
    set lmargin at screen 0.075 + (r - 1) * 0.317
    set rmargin at screen 0.075 + (r - 1) * 0.317 + 0.265
    set tmargin at screen (f == 1 ? 0.93 : 0.495)
    set bmargin at screen (f == 1 ? 0.93 : 0.495) - 0.295
    set label 3 (r == 1 ? 'gap a batch  (affinity)' : '') at graph -0.19, 0.5 center rotate
    source = word(sources, f)
    unset logscale
    set format '%g'
    set yrange [0:*]
    set ytics autofreq
    if (r < 3) {
      rule = word(rules, r)
      set xrange [0:*]
      set xtics autofreq
      set label 2 'batch n' at graph 0.5, -0.22 center
      set label 1 sprintf('%c   %s, %s rule', 96 + 3 * (f - 1) + r, f == 1 ? 'turning skew' : 'recorded stream', rule) at graph 0, 1.07 left
      plot for [s = 1:3] csv skip 1 using (pick(source.' '.rule, word(schedules, s).' '.word(shown, s), $3)):4 with linespoints linestyle s
    }
  }
}
unset multiplot
