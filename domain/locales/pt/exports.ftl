# Arquivos que são pedidos: o que contêm, como se chamam e o que pode dar errado.

export-failed = Não foi possível gravar o arquivo. Peça-o novamente; se falhar outra vez, avise o seu administrador.
export-too-many = { $max ->
        [one] Você já tem uma exportação em andamento. Espere que ela termine ou cancele-a.
       *[other] Você já tem { $max } exportações em andamento. Espere que uma delas termine ou cancele uma.
    }

export-file-customers = clientes
export-file-leads = leads
export-file-invoices = faturas
export-sheet-customers = Clientes
export-sheet-leads = Leads

export-column-id = Identificador
export-column-first-name = Nome
export-column-last-name = Sobrenome
export-column-company-email = E-mail da empresa
export-column-phone = Telefone
export-column-company = Empresa
export-column-tier = Nível
export-column-language = Idioma
export-column-active = Ativo
export-column-registered = Data de registro ({ $zone })
export-column-ecosystem = Nome do ecossistema
export-column-ecosystem-suspended = Ecossistema suspenso
export-column-plan = Plano
export-column-interval = Periodicidade
export-column-plan-status = Situação
export-column-plan-start = Início ({ $zone })
export-column-plan-end = Fim ({ $zone })
export-column-encounters = Encontros
export-column-licenses-total = Licenças
export-column-licenses-assigned = Licenças atribuídas
export-column-licenses-available = Licenças disponíveis
export-column-licenses-suspended = Licenças suspensas

export-yes = Sim
export-no = Não
export-no-ecosystem = No complete
export-tier = { $word ->
        [STANDARD] Padrão
        [PREMIUM] Premium
        [VIP] VIP
        [ENTERPRISE] Empresarial
       *[other] { $word }
    }
export-language = { $word ->
        [EN] Inglês
        [ES] Espanhol
        [PT] Português
       *[other] { $word }
    }
export-interval = { $word ->
        [MONTHLY] Mensal
        [ANNUAL] Anual
       *[other] { $word }
    }
export-plan-status = { $word ->
        [TRIALING] Em teste
        [ACTIVE] Ativa
        [PAST_DUE] Com pagamento pendente
        [PAUSED] Em pausa
        [CANCELED] Cancelada
        [EXPIRED] Expirada
       *[other] { $word }
    }

download-not-yours = Este link não é válido
download-not-yours-why = Talvez esteja cortado, ou foi feito para alguém que já não pode baixar este arquivo. Abra as suas exportações e baixe o arquivo de lá.
download-over = Este link expirou
download-over-why = Os links para arquivos duram alguns minutos, e os arquivos um dia. Abra as suas exportações para obter um novo link ou peça o arquivo novamente.
download-not-there = Não há nenhum arquivo aqui
download-not-there-why = Talvez ainda não esteja pronto, ou tenha sido cancelado. Abra as suas exportações para ver o andamento.
