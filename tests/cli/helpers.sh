# Bad input made on the spot: . "$HELPERS" in a cmd.

# npy_header DESCR FORTRAN_ORDER SHAPE: a version 1.0 header of 128 bytes, on stdout.
npy_header() {
  printf '\223NUMPY\001\000\166\000%-117s\n' "{'descr': '$1', 'fortran_order': $2, 'shape': $3, }"
}

# zeros BYTES
zeros() {
  head -c "$1" /dev/zero
}

# npy FILE DESCR FORTRAN_ORDER SHAPE BYTES: a file whose values are all zero.
npy() {
  {
    npy_header "$2" "$3" "$4"
    zeros "$5"
  } >"$1"
}

# try COMMAND ...: shows the command, what it wrote to stdout and to stderr, and its exit code.
try() {
  echo "\$ $*"
  code=0
  "$@" >../try.out 2>../try.err || code=$?
  sed 's/^/out: /' ../try.out
  sed 's/^/err: /' ../try.err
  echo "exit: $code"
}
