"""From one Python source file to one checked program per role: docs/language/README.md. Pure: no I/O, no clock.

compile.compile_file   source -> Choreography, or Diagnostics
load.load              Choreography, role -> RoleProgram, the only place where generated code becomes code
report                 what `accompanist check` and `accompanist project` print
direct                 the direct reading of a choreography, the oracle of the tests
"""
