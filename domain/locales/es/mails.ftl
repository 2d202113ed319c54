# Correos a los clientes.

mail-greeting = Hola, { $name }:
mail-greeting-nameless = Hola:
mail-signature = El equipo de { $team }
mail-questions = ¿Tienes alguna pregunta? Responde a este correo o escríbenos a { $address }.
mail-questions-with-number = Indica el número de reembolso que aparece arriba para que lo encontremos enseguida.
mail-why = Recibes este mensaje por tu compra en { $team }.

mail-detail-product = Producto
mail-detail-amount = Importe
mail-detail-requested-on = Solicitado el
mail-detail-refunded-on = Reembolsado el
mail-detail-failed-on = Rechazado el
mail-detail-number = Número de reembolso

mail-access-ended = Con este reembolso ha terminado tu acceso a { $product }.
mail-access-kept = Conservas tu acceso a { $product }.
mail-access-restored = Tu acceso a { $product } vuelve a estar activo.

mail-how-long-title = ¿Cuándo llega el dinero?
mail-how-long = { $gateway ->
        [STRIPE] Los bancos suelen tardar entre 5 y 10 días hábiles en mostrar un reembolso. Vuelve a la tarjeta o cuenta con la que pagaste. Si pagaste hace muy poco, puede que el cargo simplemente desaparezca de tu extracto.
        [MERCADO_PAGO] Depende de cómo pagaste con Mercado Pago. Dinero en cuenta y Pix: normalmente el mismo día. Tarjeta: tu banco puede tardar hasta 16 días hábiles y el reembolso aparece en uno de tus dos próximos resúmenes.
       *[other] Depende de cómo pagaste y de tu banco: normalmente entre 5 y 10 días hábiles.
    }

mail-refund-requested-subject = Se ha solicitado tu reembolso de { $product }
mail-refund-requested-status = En curso
mail-refund-requested-title = Estamos tramitando tu reembolso
mail-refund-requested-lead = Hemos iniciado el reembolso de { $amount } por { $product }. No tienes que hacer nada; te escribiremos de nuevo en cuanto se confirme.

mail-refund-succeeded-subject = Tu reembolso de { $product } está en camino
mail-refund-succeeded-status = Reembolsado
mail-refund-succeeded-title = Tu reembolso está en camino
mail-refund-succeeded-lead = Te hemos reembolsado { $amount } por { $product }. El dinero vuelve por el mismo medio con el que pagaste.

mail-refund-failed-subject = Tu reembolso de { $product } no se ha podido completar
mail-refund-failed-status = No completado
mail-refund-failed-title = Tu reembolso no se ha podido completar
mail-refund-failed-lead = Lo sentimos: el reembolso de { $amount } por { $product } ha sido rechazado en el camino.
mail-refund-failed-next-title = ¿Qué pasa ahora?
mail-refund-failed-next = Nuestro equipo ya lo sabe y se pondrá en contacto contigo para encontrar otra forma de devolverte el dinero. No tienes que hacer nada. Si la tarjeta o cuenta con la que pagaste está cerrada, cuéntanoslo: nos ayuda.

mail-detail-from = Desde
mail-detail-until = Hasta
mail-detail-for-life = De por vida

mail-access-granted-subject = Ya tienes acceso a { $product }
mail-access-granted-status = Activo
mail-access-granted-title = Tu acceso está listo
mail-access-granted-lead = Te hemos dado acceso a { $product }. No tienes que pagar ni hacer nada.
mail-access-granted-next-title = ¿Cómo lo abro?
mail-access-granted-next = Inicia sesión como siempre: lo encontrarás en tu biblioteca.
