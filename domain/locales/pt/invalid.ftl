# O que há de errado com um campo de um formulário.

invalid-id = Este identificador não é válido aqui. Copie-o inteiro, com o prefixo.
invalid-required = Preencha este campo.
invalid-too-long = { $max ->
        [one] É longo demais: no máximo um caractere.
       *[other] É longo demais: no máximo { $max } caracteres.
    }
invalid-email = Não é um endereço de e-mail. Deve ter a forma nome@exemplo.com.
invalid-amount-not-a-number = Não é um valor. Escreva algarismos com um ponto antes dos decimais, por exemplo 12.50.
invalid-amount-too-precise = { $decimals ->
        [0] Valores em { $currency } não têm casas decimais.
       *[other] Valores em { $currency } têm no máximo { $decimals } casas decimais.
    }
invalid-amount-not-positive = O valor deve ser maior que zero.
invalid-amount-too-large = Este valor é grande demais.
invalid-currency-unknown = “{ $currency }” não é uma moeda conhecida. Use o código de três letras, por exemplo EUR.
invalid-currency-other = Aqui a moeda deve ser { $expected }.
invalid-time-zone = Não é um fuso horário conhecido. Use um nome como America/Sao_Paulo ou Europe/Madrid.
invalid-url = Não é um endereço web válido. Deve começar com https://.
invalid-secret = Não pode conter espaços nem quebras de linha. Copie de novo, por favor.
invalid-scope = “{ $scope }” não é uma permissão que você possa conceder.
invalid-range = Deve estar entre { $min } e { $max }.
invalid-time = Esta não é uma data e hora que se possa ler. Escreva-a com o fuso, por exemplo 2026-11-20T09:30:00Z.
invalid-time-range = A data deve estar entre os anos 1 e 9998.
invalid-date-past = Esta data deve estar no futuro.
invalid-date-future = Esta data não pode estar no futuro.
invalid-date-order = O fim deve ser posterior ao início.
invalid-date-too-early = Esta data é antiga demais.
invalid-session-too-long = Uma sessão de leitura dura no máximo 24 horas. As mais longas devem ser enviadas como várias sessões.
invalid-seconds-beyond-clock = É mais tempo de leitura do que a sessão durou.
invalid-password-too-short = { $min ->
        [one] A senha deve ter pelo menos um caractere.
       *[other] A senha deve ter pelo menos { $min } caracteres.
    }
invalid-too-many = { $max ->
        [one] São itens demais: no máximo um.
       *[other] São itens demais: no máximo { $max }.
    }
invalid-status-not-reportable = Um reembolso parcial é feito aqui, não informado: escolha outro status.

invalid-phone = Digite um número de telefone com dígitos, por exemplo +55 11 91234-5678.
invalid-segment-other = O filtro indica outro segmento que o da exportação. Retire-o do filtro ou escolha o mesmo.
