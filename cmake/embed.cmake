# cmake -DSYMBOL=<NAME> "-DFILES=<file>;..." -DOUT=<file.c> -P embed.cmake: files as C. See tp_embed().
set(bodies "")
set(rows "")
set(all "")
set(count 0)
foreach(file ${FILES})
    math(EXPR count "${count} + 1")
    get_filename_component(name ${file} NAME)
    file(READ ${file} hex HEX)
    string(APPEND all "${hex}")
    string(REGEX REPLACE "(..)" "0x\\1," hex "${hex}")
    string(APPEND bodies "static const char file_${count}[] = {${hex}0};\n")
    string(APPEND rows "    {\"${name}\", file_${count}, sizeof file_${count} - 1},\n")
endforeach()
# Of the bytes of all files, one after the other, as hexadecimal digits.
string(SHA256 hash "${all}")
string(SUBSTRING ${hash} 0 12 hash)
string(TOLOWER ${SYMBOL} prefix)
file(WRITE ${OUT} "#include \"base/embedded_file.h\"\n${bodies}"
     "extern const struct embedded_file ${SYMBOL}[];\nextern const size_t ${SYMBOL}_COUNT;\n"
     "extern const char ${SYMBOL}_VERSION[];\n"
     "const struct embedded_file ${SYMBOL}[] = {\n${rows}};\nconst size_t ${SYMBOL}_COUNT = ${count};\n"
     "const char ${SYMBOL}_VERSION[] = \"${prefix}-${hash}\";\n")
