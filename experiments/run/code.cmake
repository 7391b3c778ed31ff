# Writes OUT, the table of code.c: one line {path, SHA-256} for each of PATHS (folders or files under ROOT). That of a
# folder is over the names and digests of its .c, .cc and .h files, in order of the names. A file that says the same
# already stays untouched, so that nothing is compiled again.
#   cmake -D ROOT=… -D OUT=… -D PATHS=a,b,c -P code.cmake
string(REPLACE "," ";" PATHS "${PATHS}")
set(table "#define ALF_CODE_TABLE \\\n")
foreach(path IN LISTS PATHS)
  if(IS_DIRECTORY ${ROOT}/${path})
    file(GLOB_RECURSE sources RELATIVE ${ROOT} ${ROOT}/${path}/*.c ${ROOT}/${path}/*.cc ${ROOT}/${path}/*.h)
    list(SORT sources)
    set(names "")
    foreach(source IN LISTS sources)
      file(SHA256 ${ROOT}/${source} digest)
      string(APPEND names "${source} ${digest}\n")
    endforeach()
    string(SHA256 digest "${names}")
  else()
    file(SHA256 ${ROOT}/${path} digest)
  endif()
  string(APPEND table "  {\"${path}\", \"${digest}\"}, \\\n")
endforeach()
string(APPEND table "\n")
file(CONFIGURE OUTPUT ${OUT} CONTENT "${table}" @ONLY)
