# Acesso aos produtos: por que foi dado ou retirado, e o que verificar quando algo não abre.

revoked-by-refund = Revogado porque a compra foi reembolsada (reembolso { $refund }).
    .generic = Revogado porque a compra foi reembolsada.
restored-after-refund = Restabelecido porque o reembolso { $refund } não foi concluído.
revoked-by-external-refund = Revogado porque o pagamento foi devolvido por inteiro no gateway ou pela loja.
restored-after-external-refund = Restabelecido porque afinal nem todo o pagamento foi devolvido no gateway ou pela loja.
revoked-by-fraud = Revogado porque o pagamento foi denunciado como fraudulento.
revoked-standard = Revogado pela equipe; nenhum motivo específico foi informado.
granted-by-purchase = Dado por uma compra.
granted-by-team = Concedido pela equipe.
restored-after-refund-failed = Restabelecido porque o reembolso falhou.
access-lifetime = Acesso vitalício.
access-until = Acesso até { $date }.

finding-user-suspended = O usuário está suspenso. Reative-o para devolver o acesso.
finding-ecosystem-suspended = O ecossistema do usuário está suspenso. Ative-o para devolver o acesso a todos que fazem parte dele.
finding-product-inactive = O produto não está ativo: já não é oferecido, e a loja pode tê-lo retirado.
finding-no-purchase = Não há nenhuma compra ativa deste produto.
finding-purchase-pending = Há uma compra deste produto que ainda não foi paga.
finding-no-entitlement = O usuário nunca teve acesso a este produto.
finding-access-scheduled = O acesso começa em { $date } às { $time }.
finding-access-expired = O acesso expirou em { $date }.
finding-access-revoked = O acesso foi revogado em { $date }.
finding-access-in-grace = O acesso expirou e está em período de carência até { $date }.
finding-never-opened = O usuário nunca o abriu: procure um problema técnico do lado dele.
finding-never-opened-yet = O usuário nunca o abriu.
finding-opened = O usuário o abriu pela última vez em { $date }: naquele momento o acesso funcionava.
finding-nothing-wrong = Está tudo certo: o usuário pode abri-lo agora.

# Access for many at once: what cannot be asked, and what went wrong.
not-found-users = Não encontramos todas as pessoas desta lista. Confira os identificadores.
not-found-entitlement-batch = Não encontramos esta alteração em massa. Confira o identificador.
conflict-batch-finished = Isto já terminou, então não há mais nada a interromper.
batch-filter-empty = Este filtro deixa passar todo mundo. Restrinja-o, ou indique “everybody” se a intenção for todo mundo.
batch-people-one-way = Indique de quem se trata de uma única forma: com um filtro, com identificadores ou com “everybody”.
batch-too-many = No máximo { $max } pessoas podem ser indicadas uma a uma. Para mais, use um filtro.
batch-nobody = Ninguém corresponde a este filtro.
batch-user-failed = Não foi possível fazer isto por uma falha nossa. Tente novamente para esta pessoa.
batch-given-up = Isto foi abandonado após várias tentativas. O que consta como feito foi feito; solicite o restante novamente.
