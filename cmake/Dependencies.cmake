# Third-party libraries, all from Debian's packages. Each is linked by the one module that owns it.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)

# tp_dependency(<target> <pkg-config name>): an imported target for a library that ships a .pc file
function(tp_dependency target package)
    pkg_check_modules(${target} REQUIRED QUIET IMPORTED_TARGET GLOBAL ${package})
    add_library(${target} ALIAS PkgConfig::${target})
endfunction()

tp_dependency(dep_jansson jansson)
tp_dependency(dep_libpq libpq)
tp_dependency(dep_curl libcurl)
tp_dependency(dep_hiredis hiredis)
tp_dependency(dep_protobufc libprotobuf-c)
tp_dependency(dep_sodium libsodium)
tp_dependency(dep_utf8proc libutf8proc)
tp_dependency(dep_cmocka cmocka)
tp_dependency(dep_inih inih)
tp_dependency(dep_xxhash libxxhash)

# tp_plain_dependency(<target> <header> <library>): for those that ship none
function(tp_plain_dependency target header library)
    find_path(${target}_INCLUDE ${header} REQUIRED)
    find_library(${target}_LIBRARY ${library} REQUIRED)
    add_library(${target} INTERFACE IMPORTED GLOBAL)
    set_target_properties(${target} PROPERTIES
        INTERFACE_INCLUDE_DIRECTORIES ${${target}_INCLUDE}
        INTERFACE_LINK_LIBRARIES ${${target}_LIBRARY})
endfunction()

tp_plain_dependency(dep_nats nats/nats.h nats)
tp_plain_dependency(dep_civetweb civetweb.h civetweb)
tp_plain_dependency(dep_csv csv.h csv)
tp_plain_dependency(dep_unistring unistr.h unistring)

find_program(PROTOC_C protoc-c REQUIRED)
