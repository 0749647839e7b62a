//! Spanish words that say how a call goes, by strength; written for callscribe, with what is said in Spain and in America.
//! A phrase wins over the words in it. Accents do not matter: words are compared without.

/// Strength and the words or phrases that have it.
pub(super) const LEXICON: [(f32, &str); 9] = [
    (
        3.0,
        "excelente|excelentes|increíble|increíbles|fantástico|fantástica|maravilloso|maravillosa|de maravilla|\
         estupendo|estupenda|estupendamente|magnífico|magnífica|genial|espectacular|extraordinario|extraordinaria|\
         me encanta|me encantó|me encantan|nos encanta|encantado con|encantada con|encantados con|encantadas con|\
         el mejor|la mejor|los mejores|las mejores|es un sol|usted un sol|es un ángel|me salvó|impecable|sobresaliente|\
         de lujo|de diez|muchísimas gracias|mil gracias|infinitas gracias|felicísimo|felicísima|buenísimo|buenísima|\
         perfectamente|amabilísimo|amabilísima|simpatiquísimo|simpatiquísima|no podría estar más contento|\
         no podría estar más contenta|superó mis expectativas|inmejorable",
    ),
    (
        2.0,
        "feliz|felices|contento|contenta|contentos|contentas|satisfecho|satisfecha|satisfechos|satisfechas|alegro|alegra|\
         me alegro|me alegra|alegría|alegre|agradezco|agradecido|agradecida|agradecemos|agradecidos|le agradezco|\
         se lo agradezco|amable|amables|muy amable|amabilidad|simpático|simpática|atento|atenta|atentos|atentas|educado|\
         educada|profesional|profesionales|cariñoso|cariñosa|encantador|encantadora|recomiendo|recomendaría|\
         recomendable|recomendar|alivio|qué alivio|aliviado|aliviada|un placer|placer|bonito|bonita|precioso|preciosa|\
         hermoso|hermosa|impresionado|impresionada|impresionante|buena noticia|buenas noticias|gran noticia|gran trabajo|\
         buen trabajo|buen servicio|gran ayuda|de gran ayuda|muy bien|qué bien|qué bueno|mucho mejor|me siento mejor|\
         muy fácil|muy rápido|muy claro|muy clara|lo resolvió|me lo resolvió|lo solucionó|por solucionarlo|\
         por resolverlo|ninguna queja|sin quejas|sin problema|sin problemas|ningún problema|no hay problema|\
         no tengo quejas|no tengo queja|confío en ustedes|confianza|confiable|fiable|de confianza|disfruté|disfruto|\
         disfrutar|me gusta|me gustó|me gustan|nos gusta|nos gustó|gusta mucho|ilusión|ilusionado|ilusionada|\
         emocionado|emocionada|felicidades|enhorabuena|felicito|bendiciones|dios le bendiga|lindo|linda|chévere|padrísimo|\
         bárbaro|guay|qué amable|sin dudarlo|ninguna molestia|generoso|generosa|acogedor|acogedora|super bien|acierto",
    ),
    (
        1.4,
        "bueno y|buena atención|mejor|mejores|bien explicado|bien atendido|perfecto|perfecta|perfectos|fácil|fáciles|\
         fácilmente|rápido|rápida|rápidos|rápidamente|rapidez|claro y|claridad|útil|útiles|cómodo|cómoda|mejoró|mejorado|\
         mejora|mejoría|mejorando|resuelto|resuelta|solucionado|solucionada|arreglado|arreglada|arreglamos|ya funciona|\
         funciona bien|funciona perfecto|vuelve a funcionar|funcionando|ya va|ya está funcionando|éxito|exitoso|vale la pena|mereció la pena|\
         paciencia|paciente conmigo|eficiente|eficaz|puntual|puntuales|puntualidad|a tiempo|seguro y|sano|sana|recuperado|\
         recuperada|tranquilo|tranquila|tranquilidad|justo y|divertido|me ayudó|me ayudaron|ayudó mucho|ayudaron mucho|\
         nos ayudó|muchas gracias|muy buena|muy bueno|muy buenas|muy buenos|buena|buenísimas|nada mal|no está mal|\
         gratis|regalo|premio|aprobado|aprobada|aceptado|con gusto|de acuerdo con usted|lo entiendo todo|entiendo todo|\
         limpio|limpia|fresco|estable|económico|barato|honesto|honesta|leal|sincero|gratitud|agradable|agradables|correcto trato",
    ),
    (
        0.5,
        "gracias|con mucho gusto|mucho gusto|encantado|encantada|bienvenido|bienvenida|que tenga un buen día|buen día|\
         que le vaya bien|buen fin de semana|por supuesto|claro que sí|desde luego|a la orden|para servirle|suerte",
    ),
    (
        -0.4,
        "lo siento|lamento|lamentamos|disculpe|disculpa|disculpas|perdone|perdón|lamentablemente|desgraciadamente|\
         desafortunadamente|difícil|duda|dudas|molestias",
    ),
    (
        -1.2,
        "problema|problemas|error|errores|equivocado|equivocada|equivocación|equivocaron|incorrecto|incorrecta|mal|malo|\
         mala|malos|malas|lento|lenta|lentos|lentas|tarde otra vez|retraso|retrasos|demora|demoras|tardan|tardan tanto|tardaron|\
         falta|faltan|faltaba|confuso|confusa|complicado|complicada|caro|cara|caros|carísimo|carísima|peor|peores|\
         preocupado|preocupada|preocupa|preocupante|preocupación|queja|quejas|quejarme|reclamo|reclamación|reclamaciones|reclamar|\
         triste|tristeza|cansado|cansada|llevo esperando|sigo esperando|esperando desde|esperando y|hora esperando|\
         horas esperando|minutos esperando|esperando|tercera vez|segunda vez|cuarta vez|quinta vez|cinco veces|tres veces|cuatro veces|\
         varias veces|muchas veces|otra vez lo mismo|por lo mismo|dos veces y|dolor|duele|dolores|enfermo|enferma|mareado|\
         mareada|fiebre|sangrado|infección|hinchado|hinchada|vómitos|nadie contesta|nadie me|nadie nos|nadie atiende|\
         nadie responde|nadie sabe|no puedo entrar|no me deja|no encuentro|no ayudó|no me ayudó|no me ayudaron|negaron|\
         negado|rechazado|rechazada|rechazaron|vencido|multa|recargo|deuda|debo dinero|cancelo todo|darme de baja|\
         dar de baja|cerrar mi cuenta|perdí|perdido|perdida|pérdida|perdieron|ruido|ruidoso|sucio|sucia|se corta|se cortó|\
         se cae|desconecta|bloqueada|bloqueado|se congela|falla|fallo|fallas|fallos|avería|averiado|averiada|fuga|atascado|defecto|defectuoso|\
         defectuosa|rayado|inestable|nervioso|nerviosa|ansioso|ansiosa|estresado|estresada|estrés|miedo|susto|asustado|\
         asustada|supervisor|me cobraron de más|cobro indebido|cargo indebido|extraño|raro|rara|no es suficiente|molesto|molesta",
    ),
    (
        -2.0,
        "no funciona|no funcionan|no funcionó|no me funciona|sin funcionar|dejó de funcionar|sigue sin|sigo sin|seguimos sin|\
         todavía no|aún no|roto|rota|rotos|rompió|se rompió|estropeado|estropeada|dañado|dañada|arruinado|arruinó|\
         fracaso|muy molesto|muy molesta|molestísimo|enojado|enojada|enfadado|enfadada|enfado|enojo|disgustado|\
         disgustada|indignado|indignada|decepción|decepcionado|decepcionada|decepcionante|frustrado|frustrada|\
         frustración|frustrante|harto|harta|hartos|estoy cansado de|estoy cansada de|grosero|grosera|groseros|maleducado|\
         maleducada|antipático|antipática|incompetente|incompetentes|descuidado|ignoraron|ignoran|ignorado|me colgó|\
         me colgaron|colgó el teléfono|nunca llegó|no llegó|no ha llegado|no vino|nunca vino|nunca llamaron|\
         nunca me|nunca nos|no me sirve|no sirve|no sirven|no hizo nada|no hicieron nada|no hacen nada|pérdida de tiempo|pérdida de dinero|inútil|\
         inútiles|injusto|injusta|me cobraron dos veces|cobraron dos veces|robaron|robo|me robaron|robado|robada|estafa|\
         estafaron|estafadores|fraude|hackearon|no autoricé|no reconozco|que yo no hice|mintieron|mintió|mentira|mentiras|\
         mentiroso|mentirosos|engañaron|engaño|engañado|engañada|demanda|demandar|abogado|abogados|denuncia|denunciar|\
         odio|odia|nada funciona|devuelvan mi dinero|quiero mi dinero|desastre de|lío|emergencia|accidente|falleció|muerte|\
         llorando|lloró|grave|ha empeorado|empeorado|empeoró|empeorando|no me gusta|no me gustó|no me gustaron|no les importa|\
         no le importa|no confío|amenaza|amenazaron|acoso|humillado|humillada|insulto|insultó|insultaron|gritó|gritaron|\
         gritando|discriminación|sospechoso|víctima|no puedo creer|no es posible que|mal servicio|mala atención|\
         mal trato|maltrato|maltrataron|ni siquiera|me sentó mal|abandono|abandonado|no me dan|no me solucionan|no me resuelven|tomadura de pelo",
    ),
    (
        -3.0,
        "terrible|terribles|horrible|horribles|pésimo|pésima|pésimos|fatal|inaceptable|inaceptables|ridículo|ridícula|vergüenza|\
         una vergüenza|vergonzoso|vergonzosa|indignante|asco|asqueroso|asquerosa|desastre|desastroso|desastrosa|\
         furioso|furiosa|espantoso|espantosa|atroz|pesadilla|el peor|la peor|lo peor|catástrofe|una broma de mal gusto|\
         lamentable|absurdo|absurda|infierno|mierda|estúpido|estúpida|idiota|idiotas|basura|escándalo|escandaloso|\
         imperdonable|intolerable|nunca más|jamás volveré|ladrones|sinvergüenzas|sinvergüenza|un robo|deplorable|nefasto|\
         nefasta|malísimo|malísima|patético|patética|inhumano",
    ),
    (-0.8, "incómodo|incómoda|dudoso|complicación|inconveniente|inconvenientes|agobiado|agobiada|débil|solo y"),
];

/// Turn what follows around.
pub(super) const NEGATIONS: &str = "no nunca jamas nadie nada ningun ninguna ninguno tampoco ni sin apenas";
/// Make what follows more, and less.
pub(super) const MORE: &str = "\
muy mucho mucha muchisimo muchisima tan tanto tanta super realmente totalmente completamente absolutamente \
extremadamente bastante demasiado sumamente verdaderamente especialmente increiblemente que";
/// See [`MORE`].
pub(super) const LESS: &str = "poco algo ligeramente medio casi quiza quizas relativamente";
/// What comes behind counts more than what stood before.
pub(super) const TURNS: &str = "pero aunque sino excepto";
