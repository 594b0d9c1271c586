# How our own C is compiled. Generated code is compiled apart, without these warnings.
set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

option(TP_SANITIZE "sanitizers, comma separated" "")
option(TP_ANALYZE "run gcc -fanalyzer" OFF)
option(TP_COVERAGE "instrument for coverage" OFF)
option(TP_FUZZ "build the fuzzers" OFF)

add_compile_definitions(_GNU_SOURCE TP_VERSION="${PROJECT_VERSION}")
add_compile_options(-fno-omit-frame-pointer)

set(TP_WARNINGS
    -Wall -Wextra -Wpedantic -Werror -Wshadow -Wconversion -Wsign-conversion -Wstrict-prototypes
    -Wmissing-prototypes -Wold-style-definition -Wswitch-enum -Wvla -Wformat=2 -Wcast-qual
    -Wcast-align -Wpointer-arith -Wundef -Wwrite-strings -Wnull-dereference
    -Wno-format-truncation) # messages for people are cut on purpose
if(CMAKE_C_COMPILER_ID STREQUAL GNU)
    list(APPEND TP_WARNINGS -Wlogical-op -Wduplicated-cond -Wduplicated-branches)
endif()

if(CMAKE_BUILD_TYPE STREQUAL RelWithDebInfo)
    set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g") # CHECK stays on: no NDEBUG
    add_compile_options(-fPIE)
    if(TP_SANITIZE) # what its reports need: functions and lines; all of it costs a quarter of the time
        set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g1")
    else() # the address sanitizer watches the stack itself: twice costs 8 %
        add_compile_options(-fstack-protector-strong -fstack-clash-protection)
        add_compile_definitions(_FORTIFY_SOURCE=2)
    endif()
    add_link_options(-pie -Wl,-z,relro,-z,now,-z,noexecstack)
endif()
add_link_options(-Wl,--as-needed)

if(TP_SANITIZE)
    add_compile_options(-fsanitize=${TP_SANITIZE} -fno-sanitize-recover=all)
    add_link_options(-fsanitize=${TP_SANITIZE})
endif()
if(TP_FUZZ)
    set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O1 -g1") # it is built more often than it runs for long
    add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(TP_ANALYZE)
    # What a container owns it takes for lost; leaks are the sanitizer's.
    list(APPEND TP_WARNINGS -fanalyzer -Wno-analyzer-malloc-leak -Wno-analyzer-file-leak)
endif()
if(TP_COVERAGE)
    add_compile_options(--coverage)
    add_link_options(--coverage)
endif()
