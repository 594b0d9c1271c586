#include "language_bits.h"
#include "words.h"

/* Ends of words, of three or four bytes. */
static const struct word LANGUAGE_ENDINGS_ENTRIES[] = {
    {"'ll 're 've able ally ers ful ible ied ight ing ings less ment n't ness ough ould ther "
     "tion",
     EN},
    {"acht bung chen dung echt ern gung heit icht iert igen igt isch keit lein lich lung nung "
     "rung sten tet tion tung tzt ucht ung zung",
     DE},
    {"aba ador aje amos ando aron ará dad emos ible idad illa illo ita ito osa oso ués éis ían "
     "ñar",
     ES},
    {"ais aise ait ans elle ent ette eur euse eux ique isme iste ment oire ois oit tion ère ée "
     "ées és",
     FR},
    {"agem amos ando aram ava dade eira eiro emos endo eram indo inha inho lhe ndo osa oso ães "
     "ãos ões",
     PT},
    {"ando anza are ata ate ati ato chi endo enza ere etta etto ggi gli ini ire ità lla oni "
     "tta tti tto zza",
     IT},
    {"aan aar aat eeft eel eer ens heid ijk ijn ing isch lijk oek oen ook oor ouw sch tje tjes "
     "uit uur",
     NL},
    {"acak dan den dim dir dur dım dır ecek ini lar ler leri lik lık mak mek miş muş nda nde "
     "sin sın tim tır yor",
     TR},
    {"ang eng kah kan lah lan ngan nya ong tan ung wan", ID},
    {"ają ała cie cza cze czy dzi ego emu eć iła nie owa owe owy rze ska ski skie szy ują ych "
     "ymi",
     PL},
    {"ade ande are arna erna ett het igt lig liga ligt ning orna", SV},
    {"ang han hin ing ito mag nag ngan ong pag tin ung yan", TL},
    {"ați esc ilor ului ţie ție", RO},
    {"alo ení ila ost ová ový ská ské ský uje ují ého ému ých ými", CS},
    {"ban ben ett hez hoz nak nek ott ról ről ság ség tek tok tól től unk val vel ött ünk", HU},
    {"aan een iin inen iset ksi lla llä lta ltä mme nen ssa ssä sta stä tte uus vat vät yys", FI},
    {"ede else ende erne hed lig lige ning", DA},
    {"ede else ende ene het kke lig lige ning", NO},
    {"aven ció eix itat ment", CA},
};
WORD_BITS(LANGUAGE_ENDINGS);

/* Letters with accents, and marks. */
static const struct word LANGUAGE_LETTERS_ENTRIES[] = {
    {"ß ä ö ü", DE},
    {"¡ ¿ á é í ñ ó ú ü", ES},
    {"à â ç è é ê ë î ï ô ù û œ", FR},
    {"à á â ã ç é ê í ó ô õ ú", PT},
    {"à è é ì ò ù", IT},
    {"ë ï", NL},
    {"ç ö ü ğ ı ş", TR},
    {"ó ą ć ę ł ń ś ź ż", PL},
    {"ä å ö", SV},
    {"ñ", TL},
    {"â î ă ş ţ ș ț", RO},
    {"á é í ó ú ý č ě ř š ů ž", CS},
    {"á é í ó ö ú ü ő ű", HU},
    {"ä ö", FI},
    {"å æ ø", DA},
    {"å æ ø", NO},
    {"à á â ã è é ê ì ò ô õ ù ý ă đ ơ ư ạ ả ấ ầ ẩ ẫ ậ ắ ằ ẳ ẵ ặ ẹ ẻ ẽ ế ề ể ễ ệ ỉ ị ọ ỏ ố ồ ổ "
     "ỗ ộ ớ ờ ở ỡ ợ ụ ủ ứ ừ ử ữ ự ỳ ỵ ỷ ỹ",
     VI},
    {"à ç è é í ï ò ó ú", CA},
};
WORD_BITS(LANGUAGE_LETTERS);
