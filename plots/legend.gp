# A legend of its own, for all panels: gnuplot's keys differ in their columns from terminal to terminal. One row of `names`
# (words) with line styles 1, 2, …, at the height `legend_at` of the screen, behind the text `legend_title`. Needs a
# multiplot in which panels set their margins themselves or are all drawn.
unset key
unset border
unset tics
unset grid
unset logscale
unset label
unset arrow
set lmargin at screen 0.02
set rmargin at screen 0.98
set tmargin at screen legend_at + 0.02
set bmargin at screen legend_at - 0.02
set xrange [0:1]
set yrange [-1:1]
legend_start = exists('legend_start') ? legend_start : 0.12
legend_step = (1 - legend_start) / words(names)
legend_font = exists('legend_font') ? legend_font : ',16'
set label 1 legend_title at legend_start - 0.02, 0 right font legend_font
plot for [i = 1:words(names)] '+' using (legend_start + (i - 1) * legend_step + 0.04 * $1):(0) with lines linestyle i, \
  for [i = 1:words(names)] '+' every ::0::0 using (legend_start + (i - 1) * legend_step + 0.02):(0) with points linestyle i, \
  for [i = 1:words(names)] '+' every ::0::0 using (legend_start + (i - 1) * legend_step + 0.05):(0):(word(names, i)) with labels left font legend_font
