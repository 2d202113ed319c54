# Por qué no se ha podido hacer algo, para quien lo pidió. Un `error-…` por cada UserErrorCode del contrato;
# `.generic` habla cuando quien llama no conoce los detalles.

unauthenticated = Primero inicia sesión.
forbidden = Para esto hace falta el permiso «{ $scope }». Un administrador de tu equipo puede dártelo.
    .generic = No tienes permiso para hacer esto. Un administrador de tu equipo puede ayudarte.

error-invalid = Hay algún dato que no es correcto. Revísalo e inténtalo de nuevo.
error-not-found = No lo hemos encontrado. Puede que ya no exista o que el identificador no sea correcto.
error-conflict = Alguien lo ha modificado mientras tanto. Vuelve a cargarlo e inténtalo de nuevo.
error-rate-limited = { $seconds ->
        [one] Has hecho demasiados intentos seguidos. Vuelve a intentarlo dentro de un segundo.
       *[other] Has hecho demasiados intentos seguidos. Vuelve a intentarlo dentro de { $seconds } segundos.
    }
    .generic = Has hecho demasiados intentos seguidos. Vuelve a intentarlo dentro de unos minutos.
error-credentials-invalid = El correo electrónico o la contraseña no son correctos. Revísalos e inténtalo de nuevo.
error-team-required = Perteneces a varios equipos con este correo y esta contraseña. Elige uno.
error-token-invalid = Este enlace o código ya no es válido. Solicita uno nuevo.
error-impersonation-not-allowed = No puedes ver la plataforma como este usuario. Se necesita el rol de administrador con la función de impersonación, y no es posible ni contigo mismo ni con otro administrador.
error-not-allowed-while-impersonating = Esto no es posible mientras ves la plataforma como otra persona. Deja antes de ver como ese usuario.
error-module-disabled = Tu equipo no usa este módulo. Un administrador puede activarlo.

error-refund-kind-not-supported = { $kind ->
        [PREPAID] Las compras prepagadas no se pueden devolver aquí; solo las compras individuales.
        [RECURRING] Las compras recurrentes no se pueden devolver aquí; solo las compras individuales.
        [RETAIL] Las compras de tipo «retail» no se pueden devolver aquí; solo las compras individuales.
       *[other] Este tipo de compra no se puede devolver aquí; solo las compras individuales.
    }
    .generic = Aquí solo se pueden devolver las compras individuales.
error-refund-gateway-not-supported = { $gateway ->
        [PAYPAL] Los pagos con PayPal no se pueden devolver aquí; solo los de Stripe y Mercado Pago.
        [MANUAL] Los pagos registrados a mano no se pueden devolver aquí; solo los de Stripe y Mercado Pago.
       *[other] Este pago no se puede devolver aquí; solo los de Stripe y Mercado Pago.
    }
    .generic = Aquí solo se pueden devolver los pagos de Stripe y Mercado Pago.
error-refund-purchase-not-active = { $status ->
        [PENDING] Esta compra todavía no se ha pagado, así que no hay nada que devolver.
        [REFUNDED] Esta compra ya se ha devuelto por completo.
        [CANCELED] { $days ->
            [one] Esta compra se canceló hace más de un día. Las compras canceladas se pueden devolver durante un día.
           *[other] Esta compra se canceló hace demasiado tiempo. Las compras canceladas se pueden devolver durante { $days } días.
        }
       *[other] { $days ->
            [one] Solo se pueden devolver las compras activas o canceladas en el último día.
           *[other] Solo se pueden devolver las compras activas o canceladas en los últimos { $days } días.
        }
    }
    .generic = Solo se pueden devolver las compras activas o canceladas hace poco.
error-refund-already-requested = Ya hay una devolución en curso para esta compra. Espera a que termine.
error-refund-note-required = Añade una nota que explique el motivo: la razón «otra» la necesita.
error-refund-amount-exceeds-paid = Es más de lo que queda por devolver. Se pueden devolver { $left } como máximo.
    .generic = Es más de lo que queda por devolver de esta compra.
error-refund-policy-override-required = El cliente ha leído el { $percent } %; por encima del { $threshold } % la política desaconseja la devolución. Para devolver de todos modos, activa «overridePolicy» y explica el motivo en una nota.
    .generic = El cliente ha leído demasiado para una devolución según la política. Para devolver de todos modos, activa «overridePolicy» y explica el motivo en una nota.
override-scope-missing = Solo quien tiene el permiso «refunds.override» puede devolver en contra de la política. Pídeselo a una de esas personas.
note-required-override = Añade una nota que explique por qué se hace una excepción a la política.
error-refund-amount-not-possible = La pasarela no puede mover exactamente este importe: tiene que ser un múltiplo de { $step }.
    .generic = La pasarela no puede mover exactamente este importe.
error-refund-not-resolvable = Esta devolución no se puede cerrar a mano ahora.
resolve-settled = Esta devolución ya está cerrada.
resolve-too-early = Esta devolución sigue en camino. Se puede cerrar a mano cuando requiera atención o pasados { $minutes } minutos desde que se pidió.
resolve-under-way = Ahora mismo se está preguntando a la pasarela por esta devolución, o se acaba de hacer. Vuelve a mirarla antes de cerrarla.
conflict-refund-not-made = Hemos preguntado otra vez a la pasarela: no conoce esta devolución ni consta que se haya devuelto tanto del pago. Si el dinero no se ha devuelto, indica que la devolución ha fallado.
note-required-resolve = Añade una nota que diga qué has encontrado en la pasarela.

error-entitlement-already-active = Esta persona ya tiene acceso activo a este producto. Extiéndelo en lugar de concederlo otra vez.
error-entitlement-lifetime = Este acceso es vitalicio: no caduca, así que no hay nada que extender.
error-entitlement-not-active = Este acceso no está activo. Un acceso terminado o revocado se devuelve con una nueva concesión.
entitlement-not-begun = Este acceso todavía no ha empezado. Solo se puede prolongar un acceso activo.
entitlement-none-to-revoke = Este usuario no tiene ningún acceso al producto que se pueda revocar.
error-entitlement-expiry-not-later = La nueva fecha de caducidad debe ser posterior a la actual.
error-product-inactive = Este producto no está activo, así que no se puede dar acceso a él. Elige un producto activo.

error-invoice-not-draft = Solo se pueden modificar los borradores. Anula esta factura y crea una nueva.
error-invoice-not-payable = Esta factura no se puede pagar: es un borrador, está anulada o ya está saldada.
error-gateway-not-configured = Tu equipo no tiene configurado este medio de pago. Un administrador puede hacerlo en los ajustes.
error-credit-limit-exceeded = Con esto se superaría el límite de crédito del cliente. Concede un importe menor o amplía el límite en los ajustes.
error-ticket-closed = Este ticket está cerrado. Abre uno nuevo.
error-export-empty = No hay nada que exportar. Elige al menos un elemento o amplía el filtro.
error-export-not-cancelable = Esta exportación ya terminó, así que no queda nada que cancelar.
error-job-not-retryable = Esta tarea no se puede repetir: está en espera, en curso o ya terminada.

conflict-idempotency-key = Esta clave de idempotencia ya se usó con otra solicitud. Usa una clave nueva.
conflict-external-id = Este identificador externo ya pertenece a otro elemento que no se puede cambiar de esta forma.
conflict-store-status = La tienda ya había comunicado esta compra como { $known }, y una compra no vuelve atrás. Registra otra si se compró de nuevo.
conflict-payment = Este pago no se puede registrar aquí. Revisa su identificador y que se haya cobrado con vuestra propia cuenta en la pasarela.
conflict-email = Alguien de tu equipo ya usa este correo electrónico.
conflict-member-owns-another = Una de las personas miembro tiene un ecosistema propio. Quítala de la lista o asigna antes otro propietario a su ecosistema.
conflict-owner-owns-another = La persona propietaria ya tiene otro ecosistema y nadie puede tener dos. Indica a otra persona o asigna antes otro propietario a ese ecosistema.
conflict-suspended-elsewhere = Alguna de las personas indicadas está en otro ecosistema que está suspendido y no puede salir de él de esta forma. Activa ese ecosistema o regístralo antes sin ella.

not-found-purchase = No hemos encontrado esta compra. Comprueba su identificador.
not-found-user = No hemos encontrado a esta persona. Comprueba el identificador.
not-found-product = No hemos encontrado este producto. Comprueba su identificador.
not-found-refund = No hemos encontrado esta devolución. Comprueba su identificador.
not-found-api-key = No hemos encontrado esta clave de API. Comprueba su identificador.
not-found-team = No hemos encontrado este equipo. Comprueba su identificador.
not-found-entitlement = No hemos encontrado este acceso. Comprueba su identificador.
not-found-ecosystem = No hemos encontrado este ecosistema. Comprueba su identificador.
not-found-queue = No hay ninguna cola con este nombre.
not-found-job = No hemos encontrado esta tarea. Comprueba su identificador.
not-found-export = No hemos encontrado esta exportación. Comprueba el identificador.

administrators-only = Solo los administradores pueden hacer esto.
cursor-expired = Los eventos posteriores a este cursor ya no se conservan. Empieza de nuevo sin cursor.
cursor-invalid = Este cursor no es de esta lista.
page-invalid = Pide de 0 a 100 filas, con `first` o con `last`, pero no con ambos.

impersonation-administrators-only = Solo los administradores pueden ver la plataforma como otra persona.
impersonation-feature-missing = Tu cuenta no puede ver la plataforma como otra persona. Pide la función IMPERSONATION.
impersonation-oneself = Ya ves la plataforma como tú mismo.
impersonation-administrator = Nadie ve la plataforma como otro administrador.
impersonation-suspended = Este usuario, o su ecosistema, está suspendido. Actívalo primero.
impersonation-none = No estás viendo la plataforma como otra persona.
not-found-impersonation = No hay ninguna suplantación así en curso.
conflict-own-account = No puedes quitarle esto a tu propia cuenta. Pídeselo a otro administrador.
conflict-own-ecosystem = Estás en este ecosistema y perderías el acceso. Pídeselo a un administrador que no esté en él.
