# Archivos que se piden: qué contienen, cómo se llaman y qué puede ir mal.

export-failed = No se ha podido escribir el archivo. Vuelve a pedirlo; si falla otra vez, avisa a tu administrador.
export-too-many = { $max ->
        [one] Ya tienes una exportación en curso. Espera a que termine o cancélala.
       *[other] Ya tienes { $max } exportaciones en curso. Espera a que termine alguna o cancela una.
    }

export-file-customers = clientes
export-file-leads = leads
export-file-invoices = facturas
export-sheet-customers = Clientes
export-sheet-leads = Leads

export-column-id = Identificador
export-column-first-name = Nombre
export-column-last-name = Apellidos
export-column-company-email = Correo de la empresa
export-column-phone = Teléfono
export-column-company = Empresa
export-column-tier = Nivel
export-column-language = Idioma
export-column-active = Activo
export-column-registered = Fecha de registro ({ $zone })
export-column-ecosystem = Nombre del ecosistema
export-column-ecosystem-suspended = Ecosistema suspendido
export-column-plan = Plan
export-column-interval = Periodicidad
export-column-plan-status = Estado
export-column-plan-start = Inicio ({ $zone })
export-column-plan-end = Fin ({ $zone })
export-column-encounters = Encuentros
export-column-licenses-total = Licencias
export-column-licenses-assigned = Licencias asignadas
export-column-licenses-available = Licencias disponibles
export-column-licenses-suspended = Licencias suspendidas

export-yes = Sí
export-no = No
export-no-ecosystem = No complete
export-tier = { $word ->
        [STANDARD] Estándar
        [PREMIUM] Premium
        [VIP] VIP
        [ENTERPRISE] Empresa
       *[other] { $word }
    }
export-language = { $word ->
        [EN] Inglés
        [ES] Español
        [PT] Portugués
       *[other] { $word }
    }
export-interval = { $word ->
        [MONTHLY] Mensual
        [ANNUAL] Anual
       *[other] { $word }
    }
export-plan-status = { $word ->
        [TRIALING] De prueba
        [ACTIVE] Activa
        [PAST_DUE] Con pago pendiente
        [PAUSED] En pausa
        [CANCELED] Cancelada
        [EXPIRED] Vencida
       *[other] { $word }
    }

download-not-yours = Este enlace no es válido
download-not-yours-why = Puede que esté cortado, o que se hiciera para alguien que ya no puede descargar este archivo. Abre tus exportaciones y descarga el archivo desde allí.
download-over = Este enlace ha caducado
download-over-why = Los enlaces a los archivos duran unos minutos, y los archivos un día. Abre tus exportaciones para obtener un enlace nuevo o vuelve a pedir el archivo.
download-not-there = Aquí no hay ningún archivo
download-not-there-why = Puede que aún no esté terminado o que se haya cancelado. Abre tus exportaciones para ver cómo va.
