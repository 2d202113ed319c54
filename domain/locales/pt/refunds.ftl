# O que a equipe lê sobre um reembolso: a lista de verificação, os efeitos, a história e o que falta fazer.

refund-check-kind-is-single-passed = É uma compra avulsa.
refund-check-kind-is-single-failed = { $kind ->
        [PREPAID] É uma compra pré-paga; só as avulsas podem ser reembolsadas.
        [RECURRING] É uma compra recorrente; só as avulsas podem ser reembolsadas.
        [RETAIL] É uma compra de varejo; só as avulsas podem ser reembolsadas.
       *[other] Não é uma compra avulsa; só essas podem ser reembolsadas.
    }
refund-check-gateway-supported-passed = { $gateway ->
        [STRIPE] Foi paga pelo Stripe.
        [MERCADO_PAGO] Foi paga pelo Mercado Pago.
       *[other] Foi paga por um meio de pagamento aceito.
    }
refund-check-gateway-supported-failed = { $gateway ->
        [PAYPAL] Foi paga pelo PayPal; só Stripe e Mercado Pago são aceitos.
        [MANUAL] O pagamento foi registrado manualmente; só Stripe e Mercado Pago são aceitos.
       *[other] O meio de pagamento não é aceito; só Stripe e Mercado Pago são.
    }
refund-check-purchase-active-or-recently-canceled-passed = { $status ->
        [CANCELED] Foi cancelada em { $date }, dentro do prazo.
        [PARTIALLY_REFUNDED] Está ativa; uma parte já foi reembolsada.
       *[other] Está ativa.
    }
refund-check-purchase-active-or-recently-canceled-failed = { $status ->
        [PENDING] Ainda não foi paga.
        [REFUNDED] Já foi reembolsada por completo.
        [CANCELED] Foi cancelada em { $date }, há mais de { $days ->
            [1] um dia.
           *[other] { $days } dias.
        }
       *[other] Não está ativa.
    }
refund-check-read-less-than-half-passed = Foram lidos { $percent } %; o limite é { $threshold } %.
refund-check-read-less-than-half-failed = Foram lidos { $percent } %, mais do que os { $threshold } % que a política permite.
refund-check-reading-recorded-passed = { $sessions ->
        [1] Uma sessão, { $duration } de leitura ao todo: o acesso funcionou.
       *[other] { $sessions } sessões, { $duration } de leitura ao todo: o acesso funcionou.
    }
refund-check-reading-recorded-failed = Nada foi lido. Procure primeiro um problema técnico.
refund-check-not-refunded-before-passed = Nada desta compra foi reembolsado até agora.
refund-check-not-refunded-before-failed = { $count ->
        [1] Já há um reembolso desta compra, de { $amount }.
       *[other] Já há { $count } reembolsos desta compra, { $amount } ao todo.
    }
refund-check-no-dispute-passed = O banco do cliente não abriu nenhuma contestação.
refund-check-no-dispute-failed = Há uma contestação aberta no banco. Resolva-a lá primeiro: um reembolso agora poderia pagar o cliente duas vezes.
refund-check-purchase-history-clean-passed = { $count ->
        [1] É a única compra do cliente.
       *[other] { $count } compras ao todo, sem duplicatas nem reembolsos anteriores.
    }
refund-check-purchase-history-clean-failed = Vale conferir: outras compras ativas do mesmo produto: { $duplicates }; reembolsos anteriores a este cliente: { $refunds }.

effect-skipped-partial = Só uma parte do pagamento é devolvida, então o plano e o acesso continuam.
effect-access-kept-other-purchase = O acesso continua: outra compra paga do mesmo produto o garante.
effect-access-kept-manual = O acesso continua: alguém da equipe o concedeu ou prolongou manualmente.
effect-no-access-granted = Esta compra não tinha dado nenhum acesso.
effect-access-already-ended = O acesso já tinha terminado em { $date }.
effect-plan-already-canceled = O plano já tinha sido cancelado em { $date }.
effect-no-plan = Nenhum plano depende desta compra.
effect-nothing-recurring = Nada recorrente depende desta compra.
effect-subscription-not-paused = Não foi possível pausar a cobrança recorrente no gateway: { $message }
    .generic = Não foi possível pausar a cobrança recorrente no gateway.
effect-subscription-already-ended = A cobrança recorrente já tinha terminado no gateway.
effect-gateway-refused = O gateway recusou o reembolso: { $message }
    .generic = O gateway recusou o reembolso.
effect-gateway-took-back = O gateway reverteu o reembolso: o dinheiro não chegou ao cliente.
effect-declared-failed = Alguém da equipe verificou no gateway que o dinheiro não voltou.
effect-went-back-past-us = Voltou dinheiro pelas páginas do próprio gateway, por isso este reembolso não foi feito.
effect-restored-after-failure = O reembolso falhou, então isto foi restabelecido.
effect-restored-after-other-failed = Outra parte do reembolso ({ $refund }) falhou, então isto foi restabelecido.
effect-fraud-not-restored = O motivo era fraude, então o plano e o acesso não foram restabelecidos.
effect-access-taken-for-good = Nesse meio-tempo o acesso foi retirado por outro motivo, então não foi restabelecido.
effect-product-inactive-not-restored = O produto não está mais ativo, então o acesso não foi restabelecido.
effect-mail-not-delivered = Não foi possível entregar o e-mail: { $message }
    .generic = Não foi possível entregar o e-mail.

timeline-requested = Solicitado por { $name }.
timeline-processing = { $gateway ->
        [STRIPE] Enviado ao Stripe.
        [MERCADO_PAGO] Enviado ao Mercado Pago.
       *[other] Enviado ao gateway.
    }
timeline-pending = { $gateway ->
        [STRIPE] O Stripe aceitou e vai confirmar.
        [MERCADO_PAGO] O Mercado Pago aceitou e vai confirmar.
       *[other] O gateway aceitou e vai confirmar.
    }
timeline-succeeded = O dinheiro está a caminho do cliente.
timeline-failed = O gateway recusou definitivamente: { $message }
    .generic = O gateway recusou definitivamente.
timeline-unknown = O gateway não deu uma resposta clara. Antes de mais nada, estamos perguntando o que aconteceu.
timeline-needs-attention = Depois de todas as tentativas, o resultado continua desconhecido. Alguém precisa verificar no gateway.
timeline-amount-mismatch = O gateway respondeu com { $answered } em vez de { $asked }. Alguém precisa verificar.
timeline-reversed = O gateway reverteu: o dinheiro não chegou ao cliente. A compra pode ser reembolsada de novo.
timeline-ambiguous = Mais de um reembolso no gateway poderia ser este. Alguém precisa verificar.
timeline-is-anothers = O gateway respondeu com um reembolso que já conhecemos como { $other }. Alguém precisa verificar.
timeline-declared-succeeded = Alguém da equipe verificou no gateway que o dinheiro voltou.
timeline-declared-failed = Alguém da equipe verificou no gateway que o dinheiro não voltou.
timeline-past-us = Alguém devolveu { $gone } do pagamento nas páginas do próprio gateway; restam { $left }. Este reembolso não foi feito.
hindrance-credentials = { $gateway ->
        [STRIPE] O Stripe não aceita as credenciais da equipe. Continua sozinho assim que estiverem corretas.
        [MERCADO_PAGO] O Mercado Pago não aceita as credenciais da equipe. Continua sozinho assim que estiverem corretas.
       *[other] O gateway não aceita as credenciais da equipe. Continua sozinho assim que estiverem corretas.
    }
hindrance-not-found = { $gateway ->
        [STRIPE] O Stripe não conhece este pagamento com as credenciais da equipe: podem ser de outra conta ou do modo de teste. Tentaremos de novo.
        [MERCADO_PAGO] O Mercado Pago não conhece este pagamento com as credenciais da equipe: podem ser de outra conta ou do modo de teste. Tentaremos de novo.
       *[other] O gateway não conhece este pagamento com as credenciais da equipe: podem ser de outra conta ou do modo de teste. Tentaremos de novo.
    }
hindrance-busy = { $gateway ->
        [STRIPE] O Stripe está sobrecarregado ou fora de alcance. Tentaremos de novo.
        [MERCADO_PAGO] O Mercado Pago está sobrecarregado ou fora de alcance. Tentaremos de novo.
       *[other] O gateway está sobrecarregado ou fora de alcance. Tentaremos de novo.
    }
hindrance-silent = { $gateway ->
        [STRIPE] O Stripe não deu uma resposta clara. Perguntaremos de novo antes de qualquer outra coisa.
        [MERCADO_PAGO] O Mercado Pago não deu uma resposta clara. Perguntaremos de novo antes de qualquer outra coisa.
       *[other] O gateway não deu uma resposta clara. Perguntaremos de novo antes de qualquer outra coisa.
    }

follow-up-refund-failed = O gateway recusou o reembolso { $refund } de { $amount }: “{ $message }”. Entre em contato com o cliente e combine outra forma de devolver o dinheiro.
    .generic = O gateway recusou o reembolso { $refund } de { $amount }. Entre em contato com o cliente e combine outra forma de devolver o dinheiro.
follow-up-refund-needs-attention = Não sabemos o que aconteceu com o reembolso { $refund } de { $amount }. Procure-o no gateway antes de qualquer outra coisa; não reembolse uma segunda vez.
follow-up-refund-reversed = O gateway reverteu o reembolso { $refund } de { $amount }: o cliente não recebeu o dinheiro. Entre em contato com ele; a compra pode ser reembolsada de novo.
follow-up-refund-ambiguous = Mais de um reembolso no gateway poderia ser o reembolso { $refund } de { $amount }. Veja lá qual é qual e informe em “refundResolve” como terminou; não reembolse uma segunda vez.
follow-up-refund-is-anothers = Para o reembolso { $refund } de { $amount } o gateway respondeu com { $atGateway }, que conhecemos como o reembolso { $other }. Veja no gateway qual é qual e informe em “refundResolve” como terminou.
follow-up-refund-declared-failed = O reembolso { $refund } de { $amount } foi declarado como não realizado manualmente. Entre em contato com o cliente e combine outra forma de devolver o dinheiro.
follow-up-refund-past-us = O reembolso { $refund } de { $amount } não foi feito: alguém devolveu { $gone } do pagamento nas páginas do próprio gateway, e restam { $left }. Se o cliente deve receber mais, solicite o que resta.
follow-up-refund-held-up = O reembolso { $refund } de { $amount } está há uma hora sem avançar; o histórico diz por quê. Continua sozinho assim que isso for resolvido.
follow-up-refund-made-after-all = O reembolso { $refund } de { $amount } foi declarado como não realizado manualmente, e o gateway o fez mesmo assim. Desde então o valor foi devolvido ou prometido de outra forma: compare o que voltou no gateway.
follow-up-amount-mismatch = No reembolso { $refund } pedimos { $asked }, mas o gateway informa { $answered }. Compare os dois valores no gateway e acerte a diferença.
follow-up-subscription-not-paused = O reembolso { $refund } foi feito, mas não foi possível pausar a cobrança recorrente { $subscription }. Pause-a no gateway ou o cliente será cobrado de novo.
follow-up-subscription-paused-in-vain = O reembolso { $refund } não se concretizou, mas a cobrança recorrente { $subscription } foi pausada por causa dele. Retome-a no gateway se ela deve continuar.
