#include "ideographs.h"

#include <string.h>

#include "characters.h"

enum { LEAST_LETTERS = 2, MOST_HAN = 6, MOST_KATAKANA = 16 };

enum script { OTHER, HAN, KATAKANA };

/* Han characters that are words of grammar in Chinese; in Japanese they are rarely part of one that
 * tells much. */
static bool is_grammar(const char *bytes, size_t length)
{
    static const char GRAMMAR[] =
        "的了是在我你他她它们这那有和就不都也很到说要去会着没吗吧呢啊呀把被给从对为与及等让还又再最"
        "更太真"
        "过得之其而但如果因所以什么怎哪谁几个些每此已才只便却或者向跟比于來們這會沒說為對過還讓嗎";
    char one[5] = "";
    memcpy(one, bytes, length);
    return strstr(GRAMMAR, one) != NULL;
}

static enum script script_of(uint32_t character, const char *bytes, size_t length)
{
    if ((character >= 0x4E00 && character <= 0x9FFF) || character == 0x3005)
        return is_grammar(bytes, length) ? OTHER : HAN;
    return character >= 0x30A1 && character <= 0x30FC ? KATAKANA : OTHER;
}

bool ideographs_next(struct piece text, size_t *at, struct piece *run)
{
    size_t begin = *at;
    int letters = 0;
    enum script script = OTHER;
    while (*at < text.length) {
        size_t before = *at;
        uint32_t character = character_next(text.at, text.length, at);
        enum script next = script_of(character, text.at + before, *at - before);
        if (next != OTHER && next == script) {
            letters++;
            continue;
        }
        if (letters >= LEAST_LETTERS && letters <= (script == HAN ? MOST_HAN : MOST_KATAKANA)) {
            *run = (struct piece){text.at + begin, before - begin};
            *at = before;
            return true;
        }
        script = next;
        begin = before;
        letters = next != OTHER;
    }
    *run = (struct piece){text.at + begin, *at - begin};
    return letters >= LEAST_LETTERS && letters <= (script == HAN ? MOST_HAN : MOST_KATAKANA);
}
