//! English words that say how a call goes, by strength; written for callscribe from what is said to support lines, banks,
//! clinics and shops. A phrase wins over the words in it.

/// Strength and the words or phrases that have it.
pub(super) const LEXICON: [(f32, &str); 10] = [
    (
        3.0,
        "excellent|amazing|fantastic|wonderful|brilliant|outstanding|awesome|superb|marvellous|marvelous|perfectly|\
         delighted|thrilled|love it|i love|loved it|the best|best service|best experience|couldn't be happier|\
         could not be happier|couldn't be better|could not be better|made my day|saved my life|you're a star|\
         you are a star|you're an angel|life saver|lifesaver|over the moon|incredible|exceptional|flawless|five stars|\
         blown away|beautifully|extremely helpful|thank you so much|so grateful|absolutely perfect",
    ),
    (
        2.0,
        "great|happy|happier|very good|pleased|satisfied|glad|lovely|beautiful|impressed|impressive|grateful|thankful|\
         appreciate|appreciated|appreciates|helpful|friendly|kind|kindness|polite|courteous|professional|caring|\
         attentive|recommend|recommended|relief|relieved|what a relief|pleasure|terrific|enjoy|enjoyed|enjoying|like it|\
         i like|love|loved|loves|super|good news|great news|well done|good job|great job|nice job|much better|\
         feel better|feeling better|worked well|works well|works great|works perfectly|so easy|very easy|so well|\
         very well|really well|sorted it out|sorting it out|solved it|fixed it|no complaints|can't complain|\
         cannot complain|nothing to complain|no problems|no trouble|no issues|no trouble at all|patient with me|on time and|\
         trust you|reliable|trustworthy|generous|excited|exciting|looking forward|you rock|keep it up|cheerful|\
         congratulations|blessing|bless you|god bless|warm|welcoming|thoughtful|considerate|spotless|painless|hassle free|\
         hassle-free|seamless|quite like|really like|good experience|five star",
    ),
    (
        1.4,
        "good|better|nice|perfect|cool|sweet|smooth|smoothly|easy|easier|fast|faster|quick|quickly|clear|clearly|useful|\
         convenient|comfortable|improved|improvement|improving|solved|resolved|sorted|fixed|works now|working now|\
         it works|that works|it worked|that worked|works again|working again|back to normal|succeeded|successful|\
         success|worth it|bargain|saved me|saves me|patience|patient and|thorough|efficient|prompt|promptly|responsive|\
         accurate|safe|secure|healthy|recovered|recovering|calm|confident|reassuring|reassured|fair|fun|fine with me|\
         happy to|not bad|no problem|no worries|you're welcome|that helps|helps a lot|helped me|helped a lot|thanks a lot|\
         thank you very much|many thanks|thanks so much|really appreciate|sounds good|sounds great|all good|on time|\
         ahead of schedule|bonus|reward|gift|win|won|winner|approved|accepted|agree|agreed with you|right away|free of charge|\
         understanding|kindly|respectful|worthwhile|pleasant|pleasantly|delicious|fresh|clean|quiet|stable|affordable|\
         flexible|handy|superbly|honest|loyal|trusted|trust",
    ),
    (
        0.5,
        "thank you|thanks|okay great|fine|alright then|glad to|happy to help|happy to assist|welcome|have a great day|\
         have a good day|have a nice day|have a good one|have a great weekend|good luck|please feel free|of course|\
         certainly|absolutely|sure thing",
    ),
    (
        -0.4,
        "sorry|apologise|apologize|apologies|unfortunately|i'm afraid|apology|regret|inconvenience|i beg your pardon|\
         although|difficult|unsure|doubt|unclear",
    ),
    (
        -1.2,
        "problem|problems|issue|issues|trouble|error|errors|mistake|mistakes|wrong|incorrect|slow|slower|late|delay|\
         delays|delayed|missing|confusing|confused|complicated|expensive|overpriced|pricey|worse|worried|worry|worrying|\
         concerned|concern|concerns|complain|complaint|complaints|complaining|bad|sad|sadly|tired|busy signal|waiting for|\
         been waiting|still waiting|waited|i had to wait|keep waiting|kept waiting|on hold for|again and again|third time|\
         second time|fourth time|fifth time|five times|three times|four times|several times|many times|so many times|twice and|hard|\
         harder|hurts|hurt|pain|painful|sick|dizzy|fever|bleeding|infection|swollen|vomiting|nobody picks up|nobody answers|\
         no one answers|nobody can|no one can|nobody ever|no one ever|nobody called|no one called|can't find|cannot find|\
         can't reach|couldn't reach|doesn't help|does not help|not helpful|didn't help|did not help|unable|refused|refuse|\
         refuses|denied|declined|rejected|overdue|penalty|late fee|debt|owe|dispute|disputed|cancel everything|\
         cancel my contract|close my account|leave your company|lost|lose|losing|loses|noisy|dirty|cold|unexpected charge|\
         cut off|disconnected|disconnects|dropping|drops|keeps dropping|crash|crashes|crashed|freezes|frozen|glitch|outage|\
         leak|leaking|stuck|fault|faulty|defect|defective|stain|scratch|scratched|cracked|crack|unstable|unreliable|\
         pointless|boring|nervous|anxious|stressed|stress|stressful|afraid|scared|fear|unhappy with|shortage|overcharge|\
         overcharged|double charged|hidden fee|hidden fees|supervisor|speak to a manager|speak to your manager",
    ),
    (
        -2.0,
        "not working|doesn't work|does not work|isn't working|didn't work|did not work|stopped working|still not|\
         still doesn't|still isn't|still hasn't|still haven't|won't work|not good enough|broken|broke|damaged|ruined|failed|\
         fails|failure|failing|annoying|annoyed|irritating|irritated|angry|upset|upsetting|unhappy|dissatisfied|\
         disappointed|disappointing|disappointment|frustrated|frustrating|frustration|fed up|sick of|tired of|rude|\
         impolite|unfriendly|unhelpful|unprofessional|incompetent|careless|ignored|ignoring|ignores|hung up on|hung up|\
         never showed up|didn't show up|did not show up|never arrived|hasn't arrived|has not arrived|never came|\
         never called|never got|never received|never answered|waste|wasted|waste of time|waste of money|useless|worthless|\
         poor|poorly|terribly|unfair|unreasonable|unacceptable to|charged me twice|charged twice|stolen|stole|theft|fraud|\
         fraudulent|scam|scammed|scammers|hacked|unauthorised|unauthorized|i didn't make|i did not make|lied|lie to me|\
         lying|liar|liars|cheat|cheated|misled|misleading|dishonest|suing|sue|lawyer|legal action|worst of all|hate|hated|\
         hates|no help|did nothing|does nothing|nothing works|money back|want my money|do something about|kept me waiting|\
         mess|messed up|screwed up|awkward|emergency|accident|died|dead|funeral|crying|cried|severe|getting worse|\
         got worse|even worse|don't like|do not like|didn't like|don't care|doesn't care|do not care|don't trust|\
         do not trust|neglected|threatened|threat|harassed|harassment|embarrassing|embarrassed|insulted|insult|insulting|\
         shouted|yelled|shouting|yelling|discriminated|suspicious|victim|can't believe|cannot believe|no way to treat",
    ),
    (
        -3.0,
        "terrible|horrible|awful|unacceptable|ridiculous|disgusting|disgusted|disgrace|disgraceful|outrageous|outraged|\
         furious|appalling|appalled|dreadful|atrocious|pathetic|nightmare|the worst|worst|worst experience|abysmal|\
         a joke|disaster|catastrophe|shameful|shame on you|livid|insane|absurd|hell|crap|bullshit|damn|stupid|idiot|\
         idiots|garbage|rubbish|horrendous|scandal|scandalous|inexcusable|never again|criminal|thieves|rip off|rip-off|\
         ripped off|ripoff|robbery",
    ),
    (
        0.8,
        "i understand now|makes sense|got it|confirmed|confirmation already|refund approved|wasn't expecting a refund",
    ),
    (-0.8, "strange|weird|odd|complex|inconvenient|questionable|doubtful|tight|unfamiliar|overwhelmed|lonely|weak"),
];

/// Turn what follows around.
pub(super) const NEGATIONS: &str = "\
not no never nobody nothing none neither nor without hardly barely scarcely don't doesn't didn't isn't aren't wasn't \
weren't won't wouldn't can't cannot couldn't shouldn't haven't hasn't hadn't ain't dont doesnt didnt isnt wasnt cant wont";

/// Make what follows more, and less.
pub(super) const MORE: &str = "\
very really so extremely absolutely completely totally incredibly super truly highly deeply utterly entirely especially \
particularly terribly too such quite definitely seriously";
/// See [`MORE`].
pub(super) const LESS: &str = "slightly somewhat bit little kinda rather fairly mildly partly almost maybe perhaps";
/// What comes behind counts more than what stood before.
pub(super) const TURNS: &str = "but however though except";
