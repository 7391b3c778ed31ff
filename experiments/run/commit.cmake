# Writes OUT, what git describe says of the commit that is checked out in ROOT.
execute_process(COMMAND git -C ${ROOT} describe --always --abbrev=12 OUTPUT_VARIABLE commit ERROR_QUIET
                OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE code)
if(NOT code EQUAL 0 OR NOT commit MATCHES "^[-_./A-Za-z0-9]+$")
  set(commit unknown)
endif()
file(CONFIGURE OUTPUT ${OUT} CONTENT "#define ALF_CODE_COMMIT \"${commit}\"\n" @ONLY)
