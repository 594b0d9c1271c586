# cmake -DIN=<file> -DOUT=<file.c> -P embed.cmake: the description of the API as C, so that the binary
# needs no files.
file(READ ${IN} hex HEX)
string(REGEX REPLACE "(..)" "0x\\1," hex "${hex}")
file(WRITE ${OUT} "#include \"openapi.h\"\nconst char OPENAPI_JSON[] = {${hex}0};\n"
     "const size_t OPENAPI_JSON_LENGTH = sizeof OPENAPI_JSON - 1;\n")
