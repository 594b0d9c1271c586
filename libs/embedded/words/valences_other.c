#include "words.h"

/* German words, in tenths. */
/* clang-format off */
static const struct word VALENCES_DE_ENTRIES[] = {
    {"abscheulich", -30}, {"allein", -15}, {"angenehm", 15}, {"angst", -25}, {"arschloch", -25},
    {"ausgezeichnet", 30}, {"begeistert", 30}, {"bequem", 15}, {"besser", 15}, {"beste", 25},
    {"besten", 25}, {"bester", 25}, {"bestes", 25}, {"betrug", -25}, {"betrüger", -25},
    {"blöd", -25}, {"blöde", -25}, {"cool", 20}, {"dankbar", 20}, {"danke", 20}, {"dreckig", -15},
    {"dumm", -25}, {"einfach", 15}, {"einsam", -15}, {"ekelhaft", -30}, {"empfehle", 20},
    {"empfehlenswert", 20}, {"entsetzlich", -30}, {"enttäuschend", -20}, {"enttäuscht", -20},
    {"enttäuschung", -20}, {"erfolg", 20}, {"erfolgreich", 20}, {"falsch", -15},
    {"fantastisch", 30}, {"fehler", -20}, {"freude", 25}, {"freue", 25}, {"freuen", 25},
    {"freundlich", 20}, {"freut", 25}, {"froh", 20}, {"furcht", -20}, {"furchtbar", -30},
    {"gefahr", -20}, {"gefährlich", -20}, {"geil", 20}, {"geliebt", 30}, {"genial", 30},
    {"gern", 15}, {"gerne", 15}, {"getötet", -30}, {"gewonnen", 25}, {"glück", 15},
    {"glücklich", 25}, {"grauenhaft", -30}, {"grausam", -30}, {"grossartig", 30}, {"großartig", 30},
    {"gut", 20}, {"gute", 20}, {"guten", 20}, {"guter", 20}, {"gutes", 20}, {"hass", -30},
    {"hasse", -30}, {"hassen", -30}, {"hasst", -30}, {"herrlich", 30}, {"hervorragend", 30},
    {"hilfreich", 15}, {"hilft", 15}, {"hoffe", 15}, {"hoffnung", 15}, {"hässlich", -15},
    {"idiot", -25}, {"idioten", -25}, {"interessant", 15}, {"kalt", -15}, {"kaputt", -20},
    {"katastrophal", -30}, {"katastrophe", -30}, {"klasse", 25}, {"krank", -20}, {"krankheit", -20},
    {"krieg", -20}, {"lachen", 20}, {"langsam", -20}, {"langweilig", -20}, {"lecker", 20},
    {"leider", -20}, {"liebe", 30}, {"lieben", 30}, {"liebt", 30}, {"lustig", 20}, {"lüge", -25},
    {"lügen", -25}, {"mist", -25}, {"mord", -30}, {"müde", -20}, {"nerven", -20}, {"nervig", -20},
    {"nervt", -20}, {"nett", 20}, {"peinlich", -20}, {"perfekt", 30}, {"phänomenal", 30},
    {"prima", 25}, {"problem", -20}, {"probleme", -20}, {"ruhig", 15}, {"schade", -15},
    {"scheisse", -25}, {"scheiße", -25}, {"schlecht", -25}, {"schlechte", -25}, {"schlechten", -25},
    {"schlechter", -25}, {"schlechtes", -25}, {"schlechteste", -25}, {"schlimm", -25},
    {"schlimmer", -25}, {"schlimmste", -25}, {"schmerz", -25}, {"schmerzen", -25}, {"schnell", 15},
    {"schrecklich", -30}, {"schwierig", -15}, {"schön", 20}, {"schöne", 20}, {"schönen", 20},
    {"schöner", 20}, {"schönes", 20}, {"sensationell", 25}, {"sicher", 15}, {"sieg", 25},
    {"sonnig", 15}, {"sorge", -20}, {"sorgen", -20}, {"spannend", 15}, {"spass", 20}, {"spaß", 20},
    {"spitze", 25}, {"stolz", 20}, {"streit", -15}, {"stress", -20}, {"super", 25}, {"teuer", -20},
    {"toll", 25}, {"tot", -30}, {"tote", -30}, {"traumhaft", 30}, {"traurig", -25}, {"unfair", -20},
    {"unfreundlich", -20}, {"unmöglich", -15}, {"unzufrieden", -15}, {"verboten", -15},
    {"verloren", -20}, {"verlust", -20}, {"versagen", -25}, {"versagt", -25}, {"verspätet", -20},
    {"verspätung", -20}, {"weinen", -25}, {"widerlich", -30}, {"witzig", 20}, {"wunderbar", 30},
    {"wunderschön", 25}, {"wut", -25}, {"wütend", -25}, {"zufrieden", 15}, {"ärger", -20},
    {"ärgere", -20}, {"ärgerlich", -20},
};
/* clang-format on */
WORD_LIST(VALENCES_DE);

/* Spanish words, in tenths. */
/* clang-format off */
static const struct word VALENCES_ES_ENTRIES[] = {
    {"aburrida", -20}, {"aburrido", -20}, {"adoro", 30}, {"alegre", 25}, {"alegría", 25},
    {"amable", 20}, {"amigo", 15}, {"amigos", 15}, {"amo", 30}, {"amor", 30}, {"asco", -30},
    {"asesinato", -30}, {"asesino", -30}, {"asquerosa", -30}, {"asqueroso", -30}, {"basura", -25},
    {"bella", 20}, {"bello", 20}, {"bien", 20}, {"bonita", 25}, {"bonito", 25}, {"brillante", 30},
    {"buena", 20}, {"buenas", 20}, {"bueno", 20}, {"buenos", 20}, {"cansada", -20},
    {"cansado", -20}, {"cara", -15}, {"caro", -15}, {"contenta", 15}, {"contento", 15},
    {"corrupción", -25}, {"corrupto", -25}, {"cruel", -30}, {"decepcionada", -20},
    {"decepcionado", -20}, {"decepcionante", -20}, {"decepción", -20}, {"deliciosa", 20},
    {"delicioso", 20}, {"desastre", -30}, {"desgracia", -15}, {"difícil", -15}, {"disfrutar", 20},
    {"disfruto", 20}, {"divertida", 25}, {"divertido", 25}, {"dolor", -25}, {"encanta", 30},
    {"encantan", 30}, {"encantó", 30}, {"enfadado", -25}, {"enferma", -20}, {"enfermo", -20},
    {"enhorabuena", 25}, {"enojado", -25}, {"error", -20}, {"errores", -20}, {"espantoso", -30},
    {"espectacular", 30}, {"esperanza", 15}, {"estrés", -20}, {"estupenda", 30}, {"estupendo", 30},
    {"estúpida", -25}, {"estúpido", -25}, {"excelente", 30}, {"fantástica", 30}, {"fantástico", 30},
    {"fatal", -30}, {"fea", -20}, {"felices", 25}, {"felicidad", 25}, {"felicidades", 25},
    {"felicitaciones", 25}, {"feliz", 25}, {"feo", -20}, {"fracaso", -20}, {"frío", -15},
    {"furioso", -25}, {"fácil", 15}, {"ganamos", 25}, {"ganar", 25}, {"ganó", 25}, {"genial", 30},
    {"gracias", 20}, {"guapa", 20}, {"guapo", 20}, {"guerra", -20}, {"gusta", 20}, {"gustan", 20},
    {"gustó", 20}, {"hermosa", 30}, {"hermoso", 30}, {"horrible", -30}, {"idiota", -25},
    {"idiotas", -25}, {"increíble", 30}, {"injusta", -20}, {"injusto", -20}, {"interesante", 15},
    {"jaja", 20}, {"jajaja", 20}, {"lamentable", -15}, {"lenta", -15}, {"lento", -15},
    {"linda", 20}, {"lindo", 20}, {"llorar", -20}, {"lloro", -20}, {"lástima", -15}, {"mala", -25},
    {"malas", -25}, {"malo", -25}, {"malos", -25}, {"maravillosa", 30}, {"maravilloso", 30},
    {"mejor", 25}, {"mejores", 25}, {"mentira", -25}, {"mentiras", -25}, {"mentiroso", -25},
    {"miedo", -25}, {"mierda", -25}, {"molesta", -20}, {"molesto", -20}, {"muerte", -30},
    {"muerto", -30}, {"muertos", -30}, {"odia", -30}, {"odiar", -30}, {"odio", -30}, {"ojalá", 15},
    {"orgullosa", 20}, {"orgulloso", 20}, {"paz", 15}, {"peligro", -20}, {"peligroso", -20},
    {"peor", -25}, {"peores", -25}, {"perder", -20}, {"perdimos", -20}, {"perdió", -20},
    {"perdí", -20}, {"perfecta", 30}, {"perfecto", 30}, {"pesadilla", -30}, {"preciosa", 25},
    {"precioso", 25}, {"preocupada", -15}, {"preocupado", -15}, {"problema", -20},
    {"problemas", -20}, {"puta", -25}, {"puto", -25}, {"queja", -15}, {"rabia", -25},
    {"recomendable", 20}, {"recomiendo", 20}, {"repugnante", -30}, {"rica", 20}, {"rico", 20},
    {"rota", -20}, {"roto", -20}, {"rápido", 15}, {"seguro", 15}, {"simpática", 20},
    {"simpático", 20}, {"solo", -15}, {"suerte", 15}, {"terrible", -30}, {"tranquila", 15},
    {"tranquilo", 15}, {"triste", -25}, {"tristes", -25}, {"tristeza", -25}, {"vergüenza", -20},
    {"victoria", 25}, {"éxito", 20}, {"útil", 15},
};
/* clang-format on */
WORD_LIST(VALENCES_ES);

/* French words, in tenths. */
/* clang-format off */
static const struct word VALENCES_FR_ENTRIES[] = {
    {"adore", 30}, {"adorer", 30}, {"affreuse", -30}, {"affreux", -30}, {"agréable", 20},
    {"aime", 30}, {"aimer", 30}, {"ami", 15}, {"amis", 15}, {"amour", 30}, {"atroce", -30},
    {"beau", 20}, {"beaux", 20}, {"belle", 20}, {"bien", 20}, {"bon", 20}, {"bonheur", 25},
    {"bonne", 20}, {"bonnes", 20}, {"bons", 20}, {"bravo", 25}, {"calme", 15}, {"cassé", -20},
    {"catastrophe", -30}, {"catastrophique", -30}, {"cauchemar", -30}, {"chance", 15},
    {"cher", -15}, {"chouette", 20}, {"chère", -15}, {"colère", -25}, {"con", -25},
    {"connard", -25}, {"content", 20}, {"contente", 20}, {"cool", 20}, {"corrompu", -25},
    {"cruel", -30}, {"danger", -20}, {"dangereux", -20}, {"difficile", -15}, {"dommage", -15},
    {"douleur", -25}, {"drôle", 25}, {"déception", -20}, {"décevant", -20}, {"décevante", -20},
    {"dégoûtant", -30}, {"dégueulasse", -30}, {"délicieuse", 20}, {"délicieux", 20},
    {"déteste", -30}, {"détester", -30}, {"déçu", -20}, {"déçue", -20}, {"ennuyeux", -20},
    {"erreur", -20}, {"erreurs", -20}, {"espoir", 15}, {"espère", 15}, {"excellent", 30},
    {"excellente", 30}, {"extraordinaire", 30}, {"facile", 15}, {"fantastique", 30},
    {"fatigué", -20}, {"fatiguée", -20}, {"fier", 20}, {"fière", 20}, {"formidable", 30},
    {"froid", -15}, {"furieux", -25}, {"félicitations", 25}, {"gagner", 25}, {"gagné", 25},
    {"gentil", 20}, {"gentille", 20}, {"guerre", -20}, {"génial", 30}, {"géniale", 30},
    {"haine", -30}, {"heureuse", 25}, {"heureux", 25}, {"honte", -25}, {"horrible", -30},
    {"hélas", -15}, {"idiot", -25}, {"imbécile", -25}, {"incroyable", 30}, {"injuste", -20},
    {"inquiet", -20}, {"inquiète", -20}, {"intéressant", 15}, {"joie", 25}, {"joli", 20},
    {"jolie", 20}, {"joyeux", 25}, {"lent", -15}, {"lente", -15}, {"magnifique", 30},
    {"malade", -20}, {"maladie", -20}, {"malheureusement", -15}, {"mauvais", -25},
    {"mauvaise", -25}, {"mdr", 20}, {"meilleur", 25}, {"meilleure", 25}, {"meilleurs", 25},
    {"mensonge", -25}, {"mensonges", -25}, {"menteur", -25}, {"merci", 20}, {"merde", -25},
    {"merveilleuse", 30}, {"merveilleux", 30}, {"meurtre", -30}, {"mieux", 15}, {"moche", -20},
    {"mort", -30}, {"morts", -30}, {"nul", -25}, {"nulle", -25}, {"paix", 15}, {"parfait", 30},
    {"parfaite", 30}, {"perdre", -20}, {"perdu", -20}, {"perdue", -20}, {"peur", -25},
    {"pire", -25}, {"pires", -25}, {"plaisir", 20}, {"pleure", -20}, {"pleurer", -20},
    {"problème", -20}, {"problèmes", -20}, {"putain", -25}, {"rapide", 15}, {"ravi", 25},
    {"ravie", 25}, {"recommande", 20}, {"retard", -15}, {"rire", 20}, {"sale", -15}, {"seul", -15},
    {"stress", -20}, {"stupide", -25}, {"sublime", 30}, {"succès", 20}, {"superbe", 30},
    {"sympa", 20}, {"sûr", 15}, {"terrible", -30}, {"triste", -25}, {"tristesse", -25},
    {"utile", 15}, {"victoire", 25}, {"échec", -20}, {"énervant", -20}, {"énerve", -20},
    {"énervé", -20},
};
/* clang-format on */
WORD_LIST(VALENCES_FR);

/* Portuguese words, in tenths. */
/* clang-format off */
static const struct word VALENCES_PT_ENTRIES[] = {
    {"adorei", 30}, {"adoro", 30}, {"alegre", 25}, {"alegria", 25}, {"amigo", 15}, {"amigos", 15},
    {"amo", 30}, {"amor", 30}, {"assassinato", -30}, {"assassino", -30}, {"atraso", -15},
    {"bem", 20}, {"boa", 20}, {"boas", 20}, {"bom", 20}, {"bonita", 20}, {"bonito", 20},
    {"bons", 20}, {"brilhante", 30}, {"cansada", -20}, {"cansado", -20}, {"cara", -15},
    {"caro", -15}, {"chata", -20}, {"chato", -20}, {"chorando", -20}, {"chorar", -20},
    {"contente", 15}, {"corrupto", -25}, {"corrupção", -25}, {"cruel", -30}, {"decepcionada", -20},
    {"decepcionado", -20}, {"decepcionante", -20}, {"decepção", -20}, {"deliciosa", 20},
    {"delicioso", 20}, {"desastre", -30}, {"difícil", -15}, {"divertida", 25}, {"divertido", 25},
    {"doente", -20}, {"dor", -25}, {"erro", -20}, {"erros", -20}, {"esperança", 15},
    {"espetacular", 30}, {"estresse", -20}, {"estúpida", -25}, {"estúpido", -25}, {"excelente", 30},
    {"fantástica", 30}, {"fantástico", 30}, {"feia", -20}, {"feio", -20}, {"felicidade", 25},
    {"feliz", 25}, {"felizes", 25}, {"fofa", 20}, {"fofo", 20}, {"fracasso", -20}, {"frio", -15},
    {"furioso", -25}, {"fácil", 15}, {"ganhamos", 25}, {"ganhar", 25}, {"ganhou", 25},
    {"genial", 30}, {"gostei", 20}, {"gosto", 20}, {"gostosa", 20}, {"gostoso", 20},
    {"guerra", -20}, {"horrível", -30}, {"idiota", -25}, {"idiotas", -25}, {"incrível", 30},
    {"infelizmente", -15}, {"injusta", -20}, {"injusto", -20}, {"interessante", 15}, {"kkk", 20},
    {"kkkk", 20}, {"legal", 20}, {"lenta", -15}, {"lento", -15}, {"linda", 25}, {"lindo", 25},
    {"lixo", -25}, {"maravilha", 25}, {"maravilhosa", 30}, {"maravilhoso", 30}, {"medo", -25},
    {"melhor", 25}, {"melhores", 25}, {"mentira", -25}, {"mentiras", -25}, {"mentiroso", -25},
    {"merda", -25}, {"morte", -30}, {"morto", -30}, {"mortos", -30}, {"nojento", -30},
    {"nojo", -30}, {"obrigada", 20}, {"obrigado", 20}, {"odeio", -30}, {"odiar", -30},
    {"orgulho", 20}, {"orgulhoso", 20}, {"parabéns", 25}, {"paz", 15}, {"pena", -15},
    {"perdemos", -20}, {"perder", -20}, {"perdeu", -20}, {"perdi", -20}, {"perfeita", 30},
    {"perfeito", 30}, {"perigo", -20}, {"perigoso", -20}, {"pesadelo", -30}, {"pior", -25},
    {"piores", -25}, {"porra", -25}, {"preocupada", -15}, {"preocupado", -15}, {"problema", -20},
    {"problemas", -20}, {"péssima", -30}, {"péssimo", -30}, {"quebrado", -20}, {"raiva", -25},
    {"recomendo", 20}, {"rsrs", 20}, {"ruim", -25}, {"ruins", -25}, {"rápido", 15}, {"seguro", 15},
    {"sensacional", 30}, {"simpático", 20}, {"sorte", 15}, {"sozinho", -15}, {"sucesso", 20},
    {"terrível", -30}, {"tranquila", 15}, {"tranquilo", 15}, {"triste", -25}, {"tristes", -25},
    {"tristeza", -25}, {"vergonha", -20}, {"vitória", 25}, {"ódio", -30}, {"ótima", 30},
    {"ótimo", 30}, {"útil", 15},
};
/* clang-format on */
WORD_LIST(VALENCES_PT);

/* Italian words, in tenths. */
/* clang-format off */
static const struct word VALENCES_IT_ENTRIES[] = {
    {"adoro", 30}, {"amici", 15}, {"amico", 15}, {"amo", 30}, {"amore", 30}, {"arrabbiata", -25},
    {"arrabbiato", -25}, {"assassino", -30}, {"bella", 20}, {"belle", 20}, {"belli", 20},
    {"bellissima", 25}, {"bellissimo", 25}, {"bello", 20}, {"bene", 20}, {"brava", 20},
    {"bravo", 20}, {"brutta", -25}, {"brutti", -25}, {"brutto", -25}, {"bugia", -25},
    {"bugiardo", -25}, {"bugie", -25}, {"buona", 20}, {"buone", 20}, {"buoni", 20}, {"buono", 20},
    {"cara", -15}, {"carina", 15}, {"carino", 15}, {"caro", -15}, {"cattiva", -25},
    {"cattivo", -25}, {"cazzo", -25}, {"complimenti", 25}, {"congratulazioni", 25},
    {"consiglio", 20}, {"contenta", 20}, {"contento", 20}, {"corrotto", -25}, {"corruzione", -25},
    {"crudele", -30}, {"deliziosa", 20}, {"delizioso", 20}, {"deludente", -20}, {"delusa", -20},
    {"delusione", -20}, {"deluso", -20}, {"difficile", -15}, {"disastro", -30}, {"divertente", 25},
    {"dolore", -25}, {"eccellente", 30}, {"errore", -20}, {"errori", -20}, {"facile", 15},
    {"fallimento", -20}, {"fantastica", 30}, {"fantastico", 30}, {"felice", 25}, {"felici", 25},
    {"felicità", 25}, {"fortuna", 15}, {"freddo", -15}, {"furioso", -25}, {"geniale", 30},
    {"gentile", 20}, {"gioia", 25}, {"grazie", 20}, {"guerra", -20}, {"idiota", -25},
    {"idioti", -25}, {"incredibile", 30}, {"incubo", -30}, {"ingiusta", -20}, {"ingiusto", -20},
    {"interessante", 15}, {"lenta", -15}, {"lento", -15}, {"magnifico", 30}, {"malata", -20},
    {"malato", -20}, {"meravigliosa", 30}, {"meraviglioso", 30}, {"merda", -25}, {"migliore", 25},
    {"migliori", 25}, {"morte", -30}, {"morti", -30}, {"morto", -30}, {"noiosa", -20},
    {"noioso", -20}, {"odiare", -30}, {"odio", -30}, {"omicidio", -30}, {"orgogliosa", 20},
    {"orgoglioso", 20}, {"orribile", -30}, {"pace", 15}, {"paura", -25}, {"peccato", -15},
    {"peggio", -25}, {"peggiore", -25}, {"perdere", -20}, {"perfetta", 30}, {"perfetto", 30},
    {"pericolo", -20}, {"pericoloso", -20}, {"perso", -20}, {"pessima", -30}, {"pessimo", -30},
    {"piace", 20}, {"piacere", 20}, {"piangere", -20}, {"piango", -20}, {"preoccupata", -15},
    {"preoccupato", -15}, {"problema", -20}, {"problemi", -20}, {"purtroppo", -15}, {"rabbia", -25},
    {"ritardo", -15}, {"rotta", -20}, {"rotto", -20}, {"schifo", -30}, {"schifoso", -30},
    {"sicuro", 15}, {"simpatica", 20}, {"simpatico", 20}, {"spazzatura", -25}, {"speranza", 15},
    {"spero", 15}, {"spettacolare", 30}, {"splendida", 30}, {"splendido", 30}, {"stanca", -20},
    {"stanco", -20}, {"stress", -20}, {"stupenda", 30}, {"stupendo", 30}, {"stupida", -25},
    {"stupido", -25}, {"successo", 20}, {"terribile", -30}, {"tranquilla", 15}, {"tranquillo", 15},
    {"triste", -25}, {"tristezza", -25}, {"tristi", -25}, {"utile", 15}, {"veloce", 15},
    {"vergogna", -20}, {"vincere", 25}, {"vinto", 25}, {"vittoria", 25},
};
/* clang-format on */
WORD_LIST(VALENCES_IT);

/* Emoji by their first code point, in tenths. */
/* clang-format off */
static const struct word VALENCES_EMOJI_ENTRIES[] = {
    {"☀", 18}, {"☕", 8}, {"☠", -30}, {"☹", -18}, {"☺", 25}, {"⚠", -18}, {"⛈", -8}, {"✅", 18},
    {"✌", 18}, {"✨", 25}, {"❌", -18}, {"❤", 30}, {"⭐", 25}, {"🌈", 18}, {"🌞", 18}, {"🌟", 25},
    {"🌧", -8}, {"🌸", 18}, {"🌹", 18}, {"🌺", 18}, {"🌻", 18}, {"🍀", 18}, {"🍕", 8}, {"🍺", 8}, {"🍻", 8},
    {"🍾", 18}, {"🎁", 18}, {"🎂", 18}, {"🎈", 18}, {"🎉", 30}, {"🎊", 30}, {"🎯", 8}, {"🎵", 8}, {"🎶", 8},
    {"🏆", 30}, {"👀", 8}, {"👌", 18}, {"👍", 18}, {"👎", -25}, {"👏", 25}, {"👿", -30}, {"💀", -30},
    {"💃", 18}, {"💓", 30}, {"💔", -30}, {"💕", 30}, {"💖", 30}, {"💗", 30}, {"💘", 30}, {"💙", 25},
    {"💚", 25}, {"💛", 25}, {"💜", 25}, {"💝", 30}, {"💞", 30}, {"💩", -25}, {"💪", 25}, {"💯", 30},
    {"🔥", 18}, {"🕺", 18}, {"🖕", -30}, {"🖤", 25}, {"😀", 25}, {"😁", 25}, {"😂", 18}, {"😃", 25},
    {"😄", 25}, {"😆", 25}, {"😇", 25}, {"😈", -30}, {"😉", 18}, {"😊", 25}, {"😋", 18}, {"😌", 18},
    {"😍", 30}, {"😎", 18}, {"😏", 8}, {"😐", -18}, {"😑", -18}, {"😒", -18}, {"😓", -18}, {"😔", -18},
    {"😕", -18}, {"😖", -25}, {"😘", 25}, {"😛", 18}, {"😜", 18}, {"😝", 18}, {"😞", -18}, {"😟", -18},
    {"😠", -25}, {"😡", -30}, {"😢", -25}, {"😣", -18}, {"😤", -25}, {"😥", -18}, {"😦", -25}, {"😧", -25},
    {"😨", -25}, {"😩", -25}, {"😪", -18}, {"😫", -25}, {"😬", -18}, {"😭", -25}, {"😮", 8}, {"😰", -25},
    {"😱", -30}, {"😲", 8}, {"😴", -8}, {"😵", -25}, {"😶", -8}, {"😷", -18}, {"😸", 18}, {"😺", 18},
    {"😻", 25}, {"😾", -18}, {"😿", -18}, {"🙁", -18}, {"🙂", 18}, {"🙄", -18}, {"🙌", 25}, {"🙏", 18},
    {"🚀", 18}, {"🚫", -18}, {"🤍", 25}, {"🤎", 25}, {"🤒", -18}, {"🤔", 8}, {"🤕", -18}, {"🤗", 25},
    {"🤝", 18}, {"🤟", 18}, {"🤡", -18}, {"🤢", -25}, {"🤣", 18}, {"🤦", -18}, {"🤩", 30}, {"🤪", 18},
    {"🤬", -30}, {"🤮", -30}, {"🤯", -25}, {"🤷", -8}, {"🥀", -18}, {"🥂", 18}, {"🥇", 30}, {"🥰", 30},
    {"🥱", -8}, {"🥳", 25}, {"🥵", -25}, {"🥶", -8}, {"🥺", -18}, {"🧡", 25}, {"🪦", -30}, {"🫶", 18},
};
/* clang-format on */
WORD_LIST(VALENCES_EMOJI);

/* Emoticons, two of them as they come HTML-escaped, in tenths. */
/* clang-format off */
static const struct word VALENCES_EMOTICON_ENTRIES[] = {
    {"&lt;/3", -28}, {"&lt;3", 28}, {"(:", 18}, {"-_-", -14}, {":'(", -26}, {":')", 22},
    {":'-(", -26}, {":(", -22}, {":((", -26}, {":)", 20}, {":))", 23}, {":)))", 24}, {":*", 20},
    {":-(", -22}, {":-)", 20}, {":-*", 20}, {":-/", -14}, {":-D", 26}, {":-P", 12}, {":-S", -12},
    {":-p", 12}, {":-|", -8}, {":/", -14}, {":3", 14}, {":D", 26}, {":O", 4}, {":P", 12},
    {":S", -12}, {":[", -18}, {":\\", -14}, {":]", 16}, {":o", 4}, {":p", 12}, {":|", -8},
    {";(", -20}, {";)", 16}, {";-)", 16}, {"</3", -28}, {"<3", 28}, {"=(", -20}, {"=)", 20},
    {"=/", -13}, {"=D", 25}, {">:(", -26}, {"D:", -20}, {"T_T", -22}, {"XD", 22}, {"\\o/", 24},
    {"^^", 15}, {"^_^", 18}, {"xD", 22},
};
/* clang-format on */
WORD_LIST(VALENCES_EMOTICON);
