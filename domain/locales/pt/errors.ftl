# Por que algo não pôde ser feito, para quem pediu. Um `error-…` para cada UserErrorCode do contrato;
# `.generic` fala quando quem chama não conhece os detalhes.

unauthenticated = Entre na sua conta primeiro.
forbidden = Isto exige a permissão “{ $scope }”. Um administrador da sua equipe pode concedê-la.
    .generic = Você não tem permissão para fazer isto. Um administrador da sua equipe pode ajudar.

error-invalid = Há alguma informação incorreta. Confira e tente novamente.
error-not-found = Não encontramos. Talvez já não exista ou o identificador não esteja certo.
error-conflict = Alguém fez uma alteração nesse meio-tempo. Recarregue e tente novamente.
error-rate-limited = { $seconds ->
        [one] Foram muitas tentativas em pouco tempo. Tente novamente em um segundo.
       *[other] Foram muitas tentativas em pouco tempo. Tente novamente em { $seconds } segundos.
    }
    .generic = Foram muitas tentativas em pouco tempo. Tente novamente em alguns minutos.
error-credentials-invalid = O e-mail ou a senha não estão corretos. Confira os dois e tente novamente.
error-team-required = Você pertence a várias equipes com este e-mail e esta senha. Escolha uma.
error-token-invalid = Este link ou código não é mais válido. Peça um novo.
error-impersonation-not-allowed = Você não pode ver a plataforma como este usuário. É preciso ser administrador com o recurso de personificação, e isso não vale para você mesmo nem para outro administrador.
error-not-allowed-while-impersonating = Isto não é possível enquanto você vê a plataforma como outra pessoa. Antes, deixe de ver como esse usuário.
error-module-disabled = Sua equipe não usa este módulo. Um administrador pode ativá-lo.

error-refund-kind-not-supported = { $kind ->
        [PREPAID] Compras pré-pagas não podem ser reembolsadas aqui; só as compras avulsas podem.
        [RECURRING] Compras recorrentes não podem ser reembolsadas aqui; só as compras avulsas podem.
        [RETAIL] Compras de varejo não podem ser reembolsadas aqui; só as compras avulsas podem.
       *[other] Este tipo de compra não pode ser reembolsado aqui; só as compras avulsas podem.
    }
    .generic = Aqui só as compras avulsas podem ser reembolsadas.
error-refund-gateway-not-supported = { $gateway ->
        [PAYPAL] Pagamentos pelo PayPal não podem ser reembolsados aqui; só os do Stripe e do Mercado Pago podem.
        [MANUAL] Pagamentos registrados manualmente não podem ser reembolsados aqui; só os do Stripe e do Mercado Pago podem.
       *[other] Este pagamento não pode ser reembolsado aqui; só os do Stripe e do Mercado Pago podem.
    }
    .generic = Aqui só os pagamentos do Stripe e do Mercado Pago podem ser reembolsados.
error-refund-purchase-not-active = { $status ->
        [PENDING] Esta compra ainda não foi paga, portanto não há o que reembolsar.
        [REFUNDED] Esta compra já foi reembolsada por completo.
        [CANCELED] { $days ->
            [one] Esta compra foi cancelada há mais de um dia. Compras canceladas podem ser reembolsadas durante um dia.
           *[other] Esta compra foi cancelada há tempo demais. Compras canceladas podem ser reembolsadas durante { $days } dias.
        }
       *[other] { $days ->
            [one] Só podem ser reembolsadas compras ativas ou canceladas no último dia.
           *[other] Só podem ser reembolsadas compras ativas ou canceladas nos últimos { $days } dias.
        }
    }
    .generic = Só podem ser reembolsadas compras ativas ou canceladas há pouco tempo.
error-refund-already-requested = Já há um reembolso em andamento para esta compra. Aguarde até que termine.
error-refund-note-required = Acrescente uma observação que explique o motivo: o motivo “outro” precisa dela.
error-refund-amount-exceeds-paid = É mais do que resta para reembolsar. Podem ser devolvidos no máximo { $left }.
    .generic = É mais do que resta para reembolsar desta compra.
error-refund-policy-override-required = O cliente leu { $percent } %; acima de { $threshold } % a política desaconselha o reembolso. Para reembolsar mesmo assim, ative “overridePolicy” e explique o motivo em uma observação.
    .generic = O cliente leu demais para um reembolso segundo a política. Para reembolsar mesmo assim, ative “overridePolicy” e explique o motivo em uma observação.
override-scope-missing = Só quem tem a permissão “refunds.override” pode reembolsar contra a política. Peça a uma dessas pessoas.
note-required-override = Acrescente uma observação que explique por que se abre uma exceção à política.
error-refund-amount-not-possible = O gateway não consegue movimentar exatamente este valor: ele precisa ser um múltiplo de { $step }.
    .generic = O gateway não consegue movimentar exatamente este valor.
error-refund-not-resolvable = Este reembolso não pode ser encerrado manualmente agora.
resolve-settled = Este reembolso já está encerrado.
resolve-too-early = Este reembolso ainda está a caminho. Pode ser encerrado manualmente quando exigir atenção ou { $minutes } minutos depois de solicitado.
resolve-under-way = Neste momento o gateway está sendo consultado sobre este reembolso, ou acabou de ser. Olhe o reembolso de novo antes de encerrá-lo.
conflict-refund-not-made = O gateway foi consultado mais uma vez e não conhece este reembolso, nem consta que tanto do pagamento tenha voltado. Se o dinheiro não voltou, diga que o reembolso falhou.
note-required-resolve = Acrescente uma observação que diga o que você encontrou no gateway.

error-entitlement-already-active = Esta pessoa já tem acesso ativo a este produto. Estenda-o em vez de conceder outro.
error-entitlement-lifetime = Este acesso é vitalício: não expira, portanto não há o que estender.
error-entitlement-not-active = Este acesso não está ativo. Um acesso encerrado ou revogado é devolvido com uma nova concessão.
entitlement-not-begun = Este acesso ainda não começou. Só um acesso ativo pode ser prolongado.
entitlement-none-to-revoke = Este usuário não tem nenhum acesso ao produto que possa ser revogado.
error-entitlement-expiry-not-later = A nova data de expiração deve ser posterior à atual.
error-product-inactive = Este produto não está ativo, portanto não é possível conceder acesso a ele. Escolha um produto ativo.

error-invoice-not-draft = Só rascunhos podem ser alterados. Anule esta fatura e crie uma nova.
error-invoice-not-payable = Esta fatura não pode ser paga: é um rascunho, foi anulada ou já está quitada.
error-gateway-not-configured = Sua equipe não configurou este meio de pagamento. Um administrador pode fazê-lo nas configurações.
error-credit-limit-exceeded = Isto ultrapassaria o limite de crédito do cliente. Conceda um valor menor ou aumente o limite nas configurações.
error-ticket-closed = Este chamado está encerrado. Abra um novo.
error-export-empty = Não há nada para exportar. Escolha pelo menos um item ou amplie o filtro.
error-export-not-cancelable = Esta exportação já terminou, portanto não há nada para cancelar.
error-job-not-retryable = Esta tarefa não pode ser repetida: está em espera, em execução ou já concluída.

conflict-idempotency-key = Esta chave de idempotência já foi usada com outra solicitação. Use uma chave nova.
conflict-external-id = Este identificador externo já pertence a outro item que não pode ser alterado desta forma.
conflict-store-status = A loja já havia informado esta compra como { $known }, e uma compra não volta atrás. Registre outra se foi comprada de novo.
conflict-payment = Este pagamento não pode ser registrado aqui. Verifique o identificador e se ele foi recebido com a sua própria conta no gateway.
conflict-email = Alguém da sua equipe já usa este e-mail.
conflict-member-owns-another = Uma das pessoas da lista de membros tem um ecossistema próprio. Tire-a da lista ou atribua antes outro proprietário ao ecossistema dela.
conflict-owner-owns-another = A pessoa proprietária já tem outro ecossistema, e ninguém pode ter dois. Indique outra pessoa ou atribua antes outro proprietário a esse ecossistema.
conflict-suspended-elsewhere = Uma das pessoas indicadas está em outro ecossistema que está suspenso e não sai dele desta forma. Ative esse ecossistema ou registre-o antes sem ela.

not-found-purchase = Não encontramos esta compra. Confira o identificador.
not-found-user = Não encontramos esta pessoa. Confira o identificador.
not-found-product = Não encontramos este produto. Confira o identificador.
not-found-refund = Não encontramos este reembolso. Confira o identificador.
not-found-api-key = Não encontramos esta chave de API. Confira o identificador.
not-found-team = Não encontramos esta equipe. Confira o identificador.
not-found-entitlement = Não encontramos este acesso. Confira o identificador.
not-found-ecosystem = Não encontramos este ecossistema. Confira o identificador.
not-found-queue = Não há nenhuma fila com este nome.
not-found-job = Não encontramos esta tarefa. Confira o identificador.
not-found-export = Não encontramos esta exportação. Confira o identificador.

administrators-only = Só administradores podem fazer isso.
cursor-expired = Os eventos posteriores a este cursor já não são guardados. Comece de novo sem cursor.
cursor-invalid = Este cursor não é desta lista.
page-invalid = Peça de 0 a 100 linhas, com `first` ou com `last`, mas não com os dois.

impersonation-administrators-only = Só administradores podem ver a plataforma como outra pessoa.
impersonation-feature-missing = Sua conta não pode ver a plataforma como outra pessoa. Peça a funcionalidade IMPERSONATION.
impersonation-oneself = Você já vê a plataforma como você mesmo.
impersonation-administrator = Ninguém vê a plataforma como outro administrador.
impersonation-suspended = Este usuário, ou o ecossistema dele, está suspenso. Ative-o primeiro.
impersonation-none = Você não está vendo a plataforma como outra pessoa.
not-found-impersonation = Não há nenhuma personificação assim em andamento.
conflict-own-account = Você não pode tirar isso da sua própria conta. Peça a outro administrador.
conflict-own-ecosystem = Você está neste ecossistema e perderia o acesso. Peça a um administrador que não esteja nele.
