/* Posts in our own words: pairs that say the same, and pairs that only look it. */
#pragma once

struct pair {
    const char *a, *b;
};

/* The second is a copy of the first. */
static const struct pair SAME[] = {
    {"The new ferry to the island is wonderful",
     "RT @harbour: The new ferry to the island is wonderful"},
    {"The new ferry to the island is wonderful",
     "RT @a: RT @b: The new ferry to the island is wonderful"},
    {"The new ferry to the island is wonderful", "The new ferry to the island is wonderful."},
    {"The new ferry to the island is wonderful https://t.co/a1",
     "The new ferry to the island is wonderful https://t.co/zz9"},
    {"The new ferry to the island is wonderful https://t.co/a1",
     "RT @pia: The new ferry to the island is wonderful"},
    {"The new ferry to the island is wonderful",
     "The new ferry to the island is wonderful http://x.example/f via @harbour"},
    {"The new ferry to the island is wonderful",
     "The new ferry to the island is wonderful (via @harbour)"},
    {"The new ferry to the island is wonderful",
     "The new ferry to the island is wonderful - via @harbour"},
    {"The new ferry to the island is wonderful", "\"The new ferry to the island is wonderful\""},
    {"The new ferry to the island is wonderful",
     "\u201CThe new ferry to the island is wonderful\u201D http://t.co/q"},
    {"The new ferry to the island is wonderful!",
     "RT @pia: \"The new ferry to the island is wonderful!\""},
    {"The new ferry to the island is wonderful", "  the New ferry\n to the  Island is wonderful "},
    {"I can't believe how quick the repair was", "I can\u2019t believe how quick the repair was"},
    {"Read this: https://t.co/a the harbour stays open all night",
     "Read this: https://t.co/b the harbour stays open all night"},
    {"Rain again, and the tram is late", "Rain again; and the tram is late"},
    {"Rain again. And the tram is late", "Rain again, and the tram is late."},
    {"Rain again and the tram is late \U0001F621\U0001F621",
     "RT @ole: Rain again and the tram is late\U0001F621\U0001F621"},
    {"What a match, I am still shaking :)",
     "RT @fan: What a match, I am still shaking:) https://t.co/s"},
    {"Der neue Fahrplan ist \u00FCberraschend gut",
     "RT @bahn: der neue Fahrplan ist u\u0308berraschend gut"},
    {"\u65B0\u3057\u3044\u30D5\u30A7\u30EA\u30FC\u306F\u3068\u3066\u3082\u901F\u3044\u3067\u3059",
     "RT @umi: "
     "\u65B0\u3057\u3044\u30D5\u30A7\u30EA\u30FC\u306F\u3068\u3066\u3082\u901F\u3044\u3067\u3059"},
    {"The council will rebuild the old bridge by spring and everyone can walk there again, says "
     "the mayor",
     "RT @townnews: The council will rebuild the old bridge by spring and everyone can walk there "
     "again, say\u2026"},
    {"The council will rebuild the old bridge by spring and everyone can walk there again, says "
     "the mayor",
     "RT @townnews: The council will rebuild the old bridge by spring and everyone can walk there "
     "again... https://t.co/x"},
    {"The council will rebuild the old bridge by spring and everyone can walk there again "
     "\U0001F389\U0001F389\U0001F389",
     "RT @townnews: The council will rebuild the old bridge by spring and everyone can walk there "
     "again \U0001F389\u2026"},
};

/* In what a reader would mind. */
static const struct pair DIFFERENT[] = {
    /* negation */
    {"I would recommend this hotel to my family", "I would not recommend this hotel to my family"},
    {"This is the best update they ever made", "This isn't the best update they ever made"},
    {"The support team was helpful on Monday", "The support team was never helpful on Monday"},
    {"They do care about their customers here", "They don't care about their customers here"},
    {"No. Bad phones are all they sell here", "No bad phones are all they sell here"},
    {"No, problems with the new app today", "No problems with the new app today"},
    {"Please stop, don't call me at work again", "Please stop don't, call me at work again"},
    {"Nothing works without this little tool", "Nothing works with this little tool"},
    {"The train was on time for once, great job", "The train wasn't on time for once, great job"},
    {"I can recommend the soup in this place", "I cannot recommend the soup in this place"},
    {"Hardly anyone liked the second season", "Anyone hardly liked the second season"},
    {"It is worth the money if you ask me", "It is not worth the money if you ask me"},
    {"Ich kann das neue Museum empfehlen", "Ich kann das neue Museum nicht empfehlen"},
    {"Das war kein guter Tag f\u00FCr den Verein", "Das war ein guter Tag f\u00FCr den Verein"},
    {"Je suis content de ma nouvelle voiture", "Je ne suis pas content de ma nouvelle voiture"},
    {"Les trains sont \u00E0 l'heure ce matin", "Les trains sont en retard ce matin"},
    {"El servicio es bueno en este caf\u00E9", "El servicio no es bueno en este caf\u00E9"},
    /* numbers */
    {"The phone lasted 10 days on one charge", "The phone lasted 1 days on one charge"},
    {"They raised the rent by 3.5% this year", "They raised the rent by 35% this year"},
    {"They raised the rent by 3% this year", "They raised the rent by 3 this year"},
    {"We won the away game 3-1 last night", "We won the away game 1-3 last night"},
    {"It is -5 degrees in the office again", "It is 5 degrees in the office again"},
    {"It is +5 degrees in the office again", "It is -5 degrees in the office again"},
    {"The flight is at 12.30 from gate four", "The flight is at 12.50 from gate four"},
    {"I would give this restaurant 5/5 stars", "I would give this restaurant 1/5 stars"},
    {"Only $20 for the ticket and the drinks", "Only $200 for the ticket and the drinks"},
    {"Only $20 for the ticket and the drinks", "Only \u20AC20 for the ticket and the drinks"},
    {"That is my 1st complaint to this bank", "That is my 101st complaint to this bank"},
    {"She got an A- for the essay about whales", "She got an A for the essay about whales"},
    {"She got an A- for the essay about whales", "She got an A+ for the essay about whales"},
    {"The lake is 10\u00B2 metres and then some more", "The lake is 102 metres and then some more"},
    /* names, tags */
    {"@ann your parcel has arrived in one piece", "@bob your parcel has arrived in one piece"},
    {"Thank you @cityhall for fixing the lights", "Thank you @cityhell for fixing the lights"},
    {"The flight was awful, thanks @skyline", "The flight was awful, thanks @airways"},
    {"I booked the whole tour via @skyline", "I booked the whole tour via @airways"},
    {"I booked the whole tour via @skyline https://t.co/a",
     "I booked the whole tour via @airways https://t.co/a"},
    {"Such a friendly crew on board #skyline", "Such a friendly crew on board #airways"},
    {"Such a friendly crew on board", "Such a friendly crew on board #sarcasm"},
    {"Such a friendly crew on board #not", "Such a friendly crew on board"},
    {"Selling all my $ACME shares tomorrow", "Selling all my $ACNE shares tomorrow"},
    {"Everybody here is talking about love", "Everybody here is talking about #love"},
    {"This policy will help US more than you think",
     "This policy will help us more than you think"},
    {"We really need IT to get this done today", "We really need it to get this done today"},
    {"Ann says Bob was rude to the waiter", "Bob says Ann was rude to the waiter"},
    /* emoji, emoticons */
    {"My flight got moved to Sunday \U0001F600", "My flight got moved to Sunday \U0001F621"},
    {"My flight got moved to Sunday \U0001F600", "My flight got moved to Sunday"},
    {"My flight got moved to Sunday :)", "My flight got moved to Sunday :("},
    {"My flight got moved to Sunday:)", "My flight got moved to Sunday:("},
    {"My flight got moved to Sunday :)", "My flight got moved to Sunday."},
    {"My flight got moved to Sunday :-/", "My flight got moved to Sunday :-)"},
    {"My flight got moved to Sunday :D", "My flight got moved to Sunday D:"},
    {"My flight got moved to Sunday D:", "My flight got moved to Sunday D"},
    {"My flight got moved to Sunday ;)", "My flight got moved to Sunday ;"},
    {"My flight got moved to Sunday <3", "My flight got moved to Sunday </3"},
    {"My flight got moved to Sunday <3", "My flight got moved to Sunday 3"},
    {"My flight got moved to Sunday ^^", "My flight got moved to Sunday"},
    {"My flight got moved to Sunday T_T", "My flight got moved to Sunday"},
    {"My flight got moved to Sunday \u2764\uFE0F", "My flight got moved to Sunday \U0001F494"},
    {"My flight got moved to Sunday \U0001F44D", "My flight got moved to Sunday \U0001F44E"},
    {"My flight got moved to Sunday \U0001F602",
     "My flight got moved to Sunday \U0001F602\U0001F602\U0001F602"},
    {"Look https://t.co/a:) at what they made of it",
     "Look https://t.co/a:( at what they made of it"},
    {"Look https://t.co/a\U0001F600 at what they made of it",
     "Look https://t.co/a\U0001F621 at what they made of it"},
    /* intensity, irony */
    {"They closed the library on a weekday", "They closed the library on a weekday!"},
    {"They closed the library on a weekday!", "They closed the library on a weekday!!!"},
    {"They closed the library on a weekday.", "They closed the library on a weekday?"},
    {"They closed the library on a weekday", "They closed the library on a weekday..."},
    {"They closed the library on a weekday", "They closed the library on a weekday\u2026"},
    {"That was so good, I have no words for it", "That was sooooo good, I have no words for it"},
    {"That was good, I have no words for it", "That was GOOD, I have no words for it"},
    {"The great service of this airline amazes", "The \"great\" service of this airline amazes"},
    {"Well done to the whole planning office", "Well. Done to the whole planning office"},
    {"You should see it, says nobody I know", "You should see it says nobody I know"},
    {"Time to eat, grandma is at the table", "Time to eat grandma is at the table"},
    /* words, order, white space within them */
    {"The dog bit the man in the park today", "The man bit the dog in the park today"},
    {"I only told her that I liked the film", "I told her that I only liked the film"},
    {"The meal was a lot better than before", "The meal was a lot bitter than before"},
    {"He will resign from the club next week", "He will re-sign from the club next week"},
    {"They are nowhere to be seen this week", "They are now here to be seen this week"},
    {"RT if you think the mayor should go now", "If you think the mayor should go now"},
    {"RT @mayor you should go home right now", "RT @baker you should go home right now"},
    {"The film is good for nothing but a laugh", "The film is good for a laugh but nothing"},
    /* cut, but not a retweet; too little left; the tail of another */
    {"The council will rebuild the old bridge by spring and everyone can walk there again, says "
     "the mayor",
     "The council will rebuild the old bridge by spring and everyone can walk there again, "
     "says\u2026"},
    {"The council will rebuild the old bridge by spring and everyone can walk there again, says "
     "the mayor",
     "RT @townnews: The council will rebuild the old bridge by spring and\u2026"},
    {"The council will rebuild the old bridge by spring and everyone can walk there again, says "
     "the mayor",
     "RT @townnews: The council will not rebuild the old bridge by spring and everyone can walk "
     "there again, say\u2026"},
    {"The council will rebuild the old bridge by spring and everyone can walk there again, says "
     "the mayor",
     "RT @townnews: The council will rebuild the old bridge by spring and everyone can walk there "
     "again"},
    {"The old bridge is open again, says the mayor",
     "RT @townnews: The old bridge is open again, says the\u2026"},
};
