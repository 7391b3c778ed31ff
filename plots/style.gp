# What all figures share. Lines are told apart by colour (safe for the colour-blind), by dashes, by marker and by how
# dark they are, so that a grey print can be read. Needs format, width, height and out.
set encoding utf8
if (format eq 'svg') {
  set terminal svg size width, height font 'Arial,16' background rgb 'white'
  set key spacing 0.85 width -4
  marker = 0.7
} else {
  set terminal pngcairo size 1.5 * width, 1.5 * height font 'DejaVu Sans,16' fontscale 1 linewidth 1.5 pointscale 1.4
  set key spacing 1.05 width 0
  marker = 1
}
set output out
set datafile separator comma
set border 3 linewidth 1 linecolor rgb '#404040'
set tics nomirror out scale 0.6
set grid linetype 1 linewidth 0.5 linecolor rgb '#e4e4e4'
set key samplen 2.2
set style line 1 linewidth 2 linecolor rgb '#000000' dashtype solid pointtype 7 pointsize 0.5 * marker
set style line 2 linewidth 2 linecolor rgb '#0072b2' dashtype (9, 4) pointtype 4 pointsize 0.6 * marker
set style line 3 linewidth 2 linecolor rgb '#d55e00' dashtype (2, 3) pointtype 8 pointsize 0.7 * marker
set style line 4 linewidth 2 linecolor rgb '#009e73' dashtype (9, 4, 2, 4) pointtype 6 pointsize 0.6 * marker
set style line 5 linewidth 2 linecolor rgb '#999999' dashtype solid pointtype 12 pointsize 0.7 * marker
set style line 6 linewidth 2 linecolor rgb '#cc79a7' dashtype (14, 3, 3, 3, 3, 3) pointtype 10 pointsize 0.7 * marker

# Titles and axis labels hang on the frame of their panel: terminals differ in how high they think a line is.
# For eval: heading(title, data drawn), axes(x label, y label).
heading(title, data) = sprintf("set label 1 '%s' at graph -0.205, 1.165 left; set label 2 '%s' at graph -0.205, 1.085 left font ',13' textcolor rgb '#505050'", title, data)
axes(x, y) = sprintf("set label 3 '%s' at graph 0.5, -0.2 center; set label 4 '%s' at graph -0.205, 0.5 center rotate", x, y)

# Tidy CSV: panel,series,x,y. The value where a line belongs to the panel and series, else no point.
pick(panel, series, value) = strcol(1) eq panel && strcol(2) eq series ? value : NaN
