# Qué le pasa a un campo de un formulario.

invalid-id = Este identificador no es válido aquí. Cópialo entero, con su prefijo.
invalid-required = Completa este campo.
invalid-too-long = { $max ->
        [one] Es demasiado largo: un carácter como máximo.
       *[other] Es demasiado largo: { $max } caracteres como máximo.
    }
invalid-email = No es una dirección de correo electrónico. Debe tener la forma nombre@ejemplo.com.
invalid-amount-not-a-number = No es un importe. Escribe cifras con un punto antes de los decimales, por ejemplo 12.50.
invalid-amount-too-precise = { $decimals ->
        [0] Los importes en { $currency } no tienen decimales.
       *[other] Los importes en { $currency } tienen { $decimals } decimales como máximo.
    }
invalid-amount-not-positive = El importe debe ser mayor que cero.
invalid-amount-too-large = Este importe es demasiado grande.
invalid-currency-unknown = «{ $currency }» no es una moneda conocida. Usa su código de tres letras, por ejemplo EUR.
invalid-currency-other = Aquí la moneda debe ser { $expected }.
invalid-time-zone = No es una zona horaria conocida. Usa un nombre como America/Sao_Paulo o Europe/Madrid.
invalid-url = No es una dirección web válida. Debe empezar por https://.
invalid-secret = No debe contener espacios ni saltos de línea. Cópialo de nuevo, por favor.
invalid-scope = «{ $scope }» no es un permiso que puedas dar.
invalid-range = Debe estar entre { $min } y { $max }.
invalid-time = No es una fecha y hora que se pueda leer. Escríbela con su zona, por ejemplo 2026-11-20T09:30:00Z.
invalid-time-range = La fecha debe estar entre los años 1 y 9998.
invalid-date-past = Esta fecha debe estar en el futuro.
invalid-date-future = Esta fecha no puede estar en el futuro.
invalid-date-order = El final debe ser posterior al comienzo.
invalid-date-too-early = Esta fecha es demasiado antigua.
invalid-session-too-long = Una sesión de lectura dura 24 horas como máximo. Las más largas deben enviarse como varias sesiones.
invalid-seconds-beyond-clock = Es más tiempo de lectura del que ha durado la sesión.
invalid-password-too-short = { $min ->
        [one] La contraseña debe tener al menos un carácter.
       *[other] La contraseña debe tener al menos { $min } caracteres.
    }
invalid-too-many = { $max ->
        [one] Son demasiados: uno como máximo.
       *[other] Son demasiados: { $max } como máximo.
    }
invalid-status-not-reportable = Un reembolso parcial se hace aquí, no se informa: elige otro estado.

invalid-phone = Escribe un número de teléfono con dígitos, por ejemplo +34 600 123 456.
invalid-segment-other = El filtro nombra otro segmento que la exportación. Quítalo del filtro o elige el mismo.
