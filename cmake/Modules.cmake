# The three kinds of things this project is made of. Tests and fuzzers stand beside the code:
# x_test.c becomes the test <module>_x_test, x_fuzz.c the fuzzer <module>_x_fuzz.

if(TP_FUZZ)
    add_custom_target(fuzzers)
endif()

function(tp_own target)
    target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR}/libs ${CMAKE_CURRENT_SOURCE_DIR})
    target_compile_options(${target} PRIVATE ${TP_WARNINGS})
endfunction()

# Tests and fuzzers of one module, each linked with the module and with what it declares.
function(tp_tests module)
    file(GLOB tests CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*_test.c)
    list(FILTER tests EXCLUDE REGEX "_for_test\\.c$") # what tests of several modules use
    foreach(source ${tests})
        get_filename_component(name ${source} NAME_WE)
        set(target ${module}_${name})
        add_executable(${target} ${source})
        tp_own(${target})
        target_link_libraries(${target} PRIVATE ${module} ${ARGN} dep_cmocka)
        set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
        # The compiler does not know what cmocka's asserts assert.
        target_compile_options(${target} PRIVATE -Wno-null-dereference)
        if(TP_ANALYZE)
            set_target_properties(${target} PROPERTIES EXCLUDE_FROM_ALL ON)
        endif()
        add_test(NAME ${target} COMMAND ${target} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
        set_tests_properties(${target} PROPERTIES TIMEOUT 1200)
    endforeach()
    if(TP_FUZZ)
        file(GLOB fuzzers CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*_fuzz.c)
        foreach(source ${fuzzers})
            get_filename_component(name ${source} NAME_WE)
            set(target ${module}_${name})
            add_executable(${target} ${source})
            tp_own(${target})
            target_link_libraries(${target} PRIVATE ${module} ${ARGN})
            target_link_options(${target} PRIVATE -fsanitize=fuzzer)
            set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/fuzz)
            add_dependencies(fuzzers ${target})
        endforeach()
    endif()
endfunction()

# tp_library(<name> SOURCES ... USES ...): a shared module; USES names all it may call
function(tp_library name)
    cmake_parse_arguments(ARG "" "" "SOURCES;USES" ${ARGN})
    add_library(${name} STATIC ${ARG_SOURCES})
    tp_own(${name})
    target_link_libraries(${name} PRIVATE ${ARG_USES})
    tp_tests(${name} ${ARG_USES})
endfunction()

# tp_program(<name> SOURCES ... USES ...): everything but main.c is a library too, so that its
# cores are tested alone; the program itself lands in build/<preset>/bin/
function(tp_program name)
    cmake_parse_arguments(ARG "" "" "SOURCES;USES" ${ARGN})
    add_library(${name}_parts STATIC ${ARG_SOURCES})
    tp_own(${name}_parts)
    target_link_libraries(${name}_parts PRIVATE ${ARG_USES})
    add_executable(${name} main.c)
    tp_own(${name})
    target_link_libraries(${name} PRIVATE ${name}_parts ${ARG_USES})
    tp_tests(${name}_parts ${ARG_USES})
endfunction()

# tp_embed(<target> <SYMBOL> <file>...): files built into the program, as data apart from our warnings:
# SYMBOL[] of struct embedded_file in the order given, SYMBOL_COUNT, and SYMBOL_VERSION[], which is
# another whenever a byte of them is.
function(tp_embed target symbol)
    set(made ${CMAKE_CURRENT_BINARY_DIR}/${target}.c)
    add_custom_command(OUTPUT ${made}
        COMMAND ${CMAKE_COMMAND} -DSYMBOL=${symbol} "-DFILES=${ARGN}" -DOUT=${made}
                -P ${CMAKE_SOURCE_DIR}/cmake/embed.cmake
        DEPENDS ${ARGN} ${CMAKE_SOURCE_DIR}/cmake/embed.cmake VERBATIM)
    add_library(${target} STATIC ${made})
    target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR}/libs)
    set_target_properties(${target} PROPERTIES C_CLANG_TIDY "")
endfunction()
