# Lo que el equipo lee sobre una devolución: la lista de comprobación, sus efectos, su historia y lo pendiente.

refund-check-kind-is-single-passed = Es una compra individual.
refund-check-kind-is-single-failed = { $kind ->
        [PREPAID] Es una compra prepagada; solo se pueden devolver las individuales.
        [RECURRING] Es una compra recurrente; solo se pueden devolver las individuales.
        [RETAIL] Es una compra de tipo «retail»; solo se pueden devolver las individuales.
       *[other] No es una compra individual; solo esas se pueden devolver.
    }
refund-check-gateway-supported-passed = { $gateway ->
        [STRIPE] Se pagó con Stripe.
        [MERCADO_PAGO] Se pagó con Mercado Pago.
       *[other] Se pagó con un medio de pago admitido.
    }
refund-check-gateway-supported-failed = { $gateway ->
        [PAYPAL] Se pagó con PayPal; solo se admiten Stripe y Mercado Pago.
        [MANUAL] El pago se registró a mano; solo se admiten Stripe y Mercado Pago.
       *[other] El medio de pago no se admite; solo Stripe y Mercado Pago.
    }
refund-check-purchase-active-or-recently-canceled-passed = { $status ->
        [CANCELED] Se canceló el { $date }, hace lo bastante poco.
        [PARTIALLY_REFUNDED] Está activa; una parte ya se ha devuelto.
       *[other] Está activa.
    }
refund-check-purchase-active-or-recently-canceled-failed = { $status ->
        [PENDING] Todavía no se ha pagado.
        [REFUNDED] Ya se ha devuelto por completo.
        [CANCELED] Se canceló el { $date }, hace más de { $days ->
            [1] un día.
           *[other] { $days } días.
        }
       *[other] No está activa.
    }
refund-check-read-less-than-half-passed = Se ha leído el { $percent } %; el límite es el { $threshold } %.
refund-check-read-less-than-half-failed = Se ha leído el { $percent } %, más del { $threshold } % que permite la política.
refund-check-reading-recorded-passed = { $sessions ->
        [1] Una sesión, { $duration } de lectura en total: el acceso funcionó.
       *[other] { $sessions } sesiones, { $duration } de lectura en total: el acceso funcionó.
    }
refund-check-reading-recorded-failed = No se ha leído nada. Busca primero un problema técnico.
refund-check-not-refunded-before-passed = No se ha devuelto nada de esta compra.
refund-check-not-refunded-before-failed = { $count ->
        [1] Ya hay una devolución de esta compra, de { $amount }.
       *[other] Ya hay { $count } devoluciones de esta compra, { $amount } en total.
    }
refund-check-no-dispute-passed = El banco del cliente no ha abierto ninguna disputa.
refund-check-no-dispute-failed = Hay una disputa abierta en el banco. Resuélvela allí primero: una devolución ahora podría pagar dos veces al cliente.
refund-check-purchase-history-clean-passed = { $count ->
        [1] Es la única compra del cliente.
       *[other] { $count } compras en total, sin duplicados ni devoluciones anteriores.
    }
refund-check-purchase-history-clean-failed = Conviene revisarlo: otras compras activas del mismo producto: { $duplicates }; devoluciones anteriores a este cliente: { $refunds }.

effect-skipped-partial = Solo se devuelve una parte del pago, así que el plan y el acceso se mantienen.
effect-access-kept-other-purchase = El acceso se mantiene: lo da otra compra pagada del mismo producto.
effect-access-kept-manual = El acceso se mantiene: alguien del equipo lo concedió o lo prolongó a mano.
effect-no-access-granted = Esta compra no había dado ningún acceso.
effect-access-already-ended = El acceso ya había terminado el { $date }.
effect-plan-already-canceled = El plan ya se había cancelado el { $date }.
effect-no-plan = Ningún plan depende de esta compra.
effect-nothing-recurring = Nada recurrente depende de esta compra.
effect-subscription-not-paused = No se ha podido pausar el cobro recurrente en la pasarela: { $message }
    .generic = No se ha podido pausar el cobro recurrente en la pasarela.
effect-subscription-already-ended = El cobro recurrente ya había terminado en la pasarela.
effect-gateway-refused = La pasarela ha rechazado la devolución: { $message }
    .generic = La pasarela ha rechazado la devolución.
effect-gateway-took-back = La pasarela ha revertido la devolución: el dinero no ha llegado al cliente.
effect-declared-failed = Alguien del equipo ha comprobado en la pasarela que el dinero no se devolvió.
effect-went-back-past-us = Se devolvió dinero en las páginas de la propia pasarela, así que esta devolución no se ha hecho.
effect-restored-after-failure = La devolución ha fallado, así que esto se ha restablecido.
effect-restored-after-other-failed = Otra parte de la devolución ({ $refund }) ha fallado, así que esto se ha restablecido.
effect-fraud-not-restored = El motivo era fraude, así que el plan y el acceso no se han restablecido.
effect-access-taken-for-good = Entretanto el acceso se retiró por otro motivo, así que no se ha restablecido.
effect-product-inactive-not-restored = El producto ya no está activo, así que el acceso no se ha restablecido.
effect-mail-not-delivered = No se ha podido entregar el correo: { $message }
    .generic = No se ha podido entregar el correo.

timeline-requested = Solicitada por { $name }.
timeline-processing = { $gateway ->
        [STRIPE] Enviada a Stripe.
        [MERCADO_PAGO] Enviada a Mercado Pago.
       *[other] Enviada a la pasarela.
    }
timeline-pending = { $gateway ->
        [STRIPE] Stripe la ha aceptado y la confirmará.
        [MERCADO_PAGO] Mercado Pago la ha aceptado y la confirmará.
       *[other] La pasarela la ha aceptado y la confirmará.
    }
timeline-succeeded = El dinero está en camino hacia el cliente.
timeline-failed = La pasarela la ha rechazado definitivamente: { $message }
    .generic = La pasarela la ha rechazado definitivamente.
timeline-unknown = La pasarela no ha dado una respuesta clara. Antes de nada le preguntamos qué ha pasado.
timeline-needs-attention = Después de todos los intentos seguimos sin conocer el resultado. Alguien tiene que mirarlo en la pasarela.
timeline-amount-mismatch = La pasarela ha respondido con { $answered } en lugar de { $asked }. Alguien tiene que mirarlo.
timeline-reversed = La pasarela la ha revertido: el dinero no ha llegado al cliente. La compra se puede devolver de nuevo.
timeline-ambiguous = Más de una devolución de la pasarela podría ser esta. Alguien tiene que mirarlo.
timeline-is-anothers = La pasarela ha respondido con una devolución que ya conocemos como { $other }. Alguien tiene que mirarlo.
timeline-declared-succeeded = Alguien del equipo ha comprobado en la pasarela que el dinero se devolvió.
timeline-declared-failed = Alguien del equipo ha comprobado en la pasarela que el dinero no se devolvió.
timeline-past-us = Alguien ha devuelto { $gone } del pago en las páginas de la propia pasarela; quedan { $left }. Esta devolución no se ha hecho.
hindrance-credentials = { $gateway ->
        [STRIPE] Stripe no acepta las credenciales del equipo. Seguirá por sí sola en cuanto sean correctas.
        [MERCADO_PAGO] Mercado Pago no acepta las credenciales del equipo. Seguirá por sí sola en cuanto sean correctas.
       *[other] La pasarela no acepta las credenciales del equipo. Seguirá por sí sola en cuanto sean correctas.
    }
hindrance-not-found = { $gateway ->
        [STRIPE] Stripe no conoce este pago con las credenciales del equipo: pueden ser de otra cuenta o del modo de prueba. Se vuelve a intentar.
        [MERCADO_PAGO] Mercado Pago no conoce este pago con las credenciales del equipo: pueden ser de otra cuenta o del modo de prueba. Se vuelve a intentar.
       *[other] La pasarela no conoce este pago con las credenciales del equipo: pueden ser de otra cuenta o del modo de prueba. Se vuelve a intentar.
    }
hindrance-busy = { $gateway ->
        [STRIPE] Stripe no da abasto o no responde a la conexión. Se vuelve a intentar.
        [MERCADO_PAGO] Mercado Pago no da abasto o no responde a la conexión. Se vuelve a intentar.
       *[other] La pasarela no da abasto o no responde a la conexión. Se vuelve a intentar.
    }
hindrance-silent = { $gateway ->
        [STRIPE] Stripe no ha dado una respuesta clara. Se le vuelve a preguntar antes de hacer nada más.
        [MERCADO_PAGO] Mercado Pago no ha dado una respuesta clara. Se le vuelve a preguntar antes de hacer nada más.
       *[other] La pasarela no ha dado una respuesta clara. Se le vuelve a preguntar antes de hacer nada más.
    }

follow-up-refund-failed = La pasarela ha rechazado la devolución { $refund } de { $amount }: «{ $message }». Contacta con el cliente y acuerda otra forma de devolverle el dinero.
    .generic = La pasarela ha rechazado la devolución { $refund } de { $amount }. Contacta con el cliente y acuerda otra forma de devolverle el dinero.
follow-up-refund-needs-attention = No sabemos qué ha pasado con la devolución { $refund } de { $amount }. Búscala en la pasarela antes de hacer nada más; no la devuelvas por segunda vez.
follow-up-refund-reversed = La pasarela ha revertido la devolución { $refund } de { $amount }: el cliente no tiene el dinero. Contacta con él; la compra se puede devolver de nuevo.
follow-up-refund-ambiguous = Más de una devolución de la pasarela podría ser la devolución { $refund } de { $amount }. Mira allí cuál es cuál e indica en «refundResolve» cómo terminó; no la devuelvas por segunda vez.
follow-up-refund-is-anothers = Para la devolución { $refund } de { $amount } la pasarela ha respondido con { $atGateway }, que conocemos como la devolución { $other }. Mira en la pasarela cuál es cuál e indica en «refundResolve» cómo terminó.
follow-up-refund-declared-failed = La devolución { $refund } de { $amount } se ha declarado fallida a mano. Contacta con el cliente y acuerda otra forma de devolverle el dinero.
follow-up-refund-past-us = La devolución { $refund } de { $amount } no se ha hecho: alguien ha devuelto { $gone } del pago en las páginas de la propia pasarela, y quedan { $left }. Si el cliente debe recibir más, solicita lo que queda.
follow-up-refund-held-up = La devolución { $refund } de { $amount } lleva una hora sin avanzar; su historial dice por qué. Seguirá por sí sola cuando se arregle.
follow-up-refund-made-after-all = La devolución { $refund } de { $amount } se declaró fallida a mano y la pasarela la ha hecho después de todo. Su importe se ha devuelto o comprometido de otra forma desde entonces: compara lo que se ha devuelto en la pasarela.
follow-up-amount-mismatch = Para la devolución { $refund } pedimos { $asked }, pero la pasarela indica { $answered }. Compara ambos importes en la pasarela y corrige la diferencia.
follow-up-subscription-not-paused = La devolución { $refund } se ha hecho, pero no se ha podido pausar el cobro recurrente { $subscription }. Páusalo en la pasarela o se le volverá a cobrar al cliente.
follow-up-subscription-paused-in-vain = La devolución { $refund } no ha llegado a hacerse, pero por ella se pausó el cobro recurrente { $subscription }. Reanúdalo en la pasarela si debe continuar.
