# E-mails aos clientes.

mail-greeting = Olá, { $name }!
mail-greeting-nameless = Olá!
mail-signature = Equipe { $team }
mail-questions = Alguma dúvida? Responda a este e-mail ou escreva para { $address }.
mail-questions-with-number = Informe o número do reembolso que aparece acima para que possamos localizar tudo na hora.
mail-why = Você recebeu esta mensagem por causa da sua compra em { $team }.

mail-detail-product = Produto
mail-detail-amount = Valor
mail-detail-requested-on = Solicitado em
mail-detail-refunded-on = Reembolsado em
mail-detail-failed-on = Recusado em
mail-detail-number = Número do reembolso

mail-access-ended = Com este reembolso, seu acesso a { $product } terminou.
mail-access-kept = Você continua com acesso a { $product }.
mail-access-restored = Seu acesso a { $product } está ativo novamente.

mail-how-long-title = Quando o dinheiro chega?
mail-how-long = { $gateway ->
        [STRIPE] Os bancos costumam levar de 5 a 10 dias úteis para mostrar um reembolso. Ele volta para o cartão ou a conta com que você pagou. Se o pagamento foi muito recente, a cobrança pode simplesmente desaparecer do seu extrato.
        [MERCADO_PAGO] Depende de como você pagou com o Mercado Pago. Saldo em conta e Pix: normalmente no mesmo dia. Cartão: seu banco pode levar até 16 dias úteis, e o reembolso aparece em uma das duas próximas faturas.
       *[other] Depende de como você pagou e do seu banco: normalmente de 5 a 10 dias úteis.
    }

mail-refund-requested-subject = Seu reembolso de { $product } foi solicitado
mail-refund-requested-status = Em andamento
mail-refund-requested-title = Estamos processando seu reembolso
mail-refund-requested-lead = Iniciamos o reembolso de { $amount } referente a { $product }. Você não precisa fazer nada; escreveremos de novo assim que for confirmado.

mail-refund-succeeded-subject = Seu reembolso de { $product } está a caminho
mail-refund-succeeded-status = Reembolsado
mail-refund-succeeded-title = Seu reembolso está a caminho
mail-refund-succeeded-lead = Reembolsamos { $amount } referente a { $product }. O dinheiro volta pelo mesmo meio com que você pagou.

mail-refund-failed-subject = Seu reembolso de { $product } não foi concluído
mail-refund-failed-status = Não concluído
mail-refund-failed-title = Seu reembolso não foi concluído
mail-refund-failed-lead = Sentimos muito: o reembolso de { $amount } referente a { $product } foi recusado no caminho.
mail-refund-failed-next-title = O que acontece agora?
mail-refund-failed-next = Nossa equipe já sabe e vai entrar em contato com você para encontrar outra forma de devolver o dinheiro. Você não precisa fazer nada. Se o cartão ou a conta com que você pagou foi encerrado, conte para nós: isso ajuda.

mail-detail-from = Desde
mail-detail-until = Até
mail-detail-for-life = Vitalício

mail-access-granted-subject = Você já tem acesso a { $product }
mail-access-granted-status = Ativo
mail-access-granted-title = Seu acesso está pronto
mail-access-granted-lead = Demos a você acesso a { $product }. Não é preciso pagar nem fazer nada.
mail-access-granted-next-title = Como eu abro?
mail-access-granted-next = Entre como sempre: você vai encontrá-lo na sua biblioteca.
