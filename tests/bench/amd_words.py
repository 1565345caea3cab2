"""What people and machines of `bench amd` say: the tuning half first, then the held-out one; they share nothing.

Written by the project; a greeting with pauses is several phrases, parted by `|`.
"""

from typing import Final

Halves = tuple[tuple[str, ...], tuple[str, ...]]

ONE_WORD: Final[Halves] = (
    ("Alô?", "Pronto.", "Fala!", "Sim?", "Opa!", "Alô, alô?", "Alô, sim?", "Fala comigo.", "E aí?", "Alô, oi?"),
    ("Oi?", "Diga.", "Pois não?", "Olá?", "Quem é?", "Oi, oi?", "Oi, alô?", "Quem fala?", "Digaí!", "Oi, diga."),
)
POLITE: Final[Halves] = (
    (
        "Alô, bom dia.", "Oi, boa tarde, quem fala?", "Alô, quem gostaria?", "Bom dia, com quem eu falo?",
        "Alô, é a Márcia, pode falar.", "Sim, boa noite, quem é?", "Oi, é o Paulo.", "Alô, oi, boa noite.",
        "Opa, bom dia, quem é que fala?",
    ),
    (
        "Olá, boa tarde.", "Oi, bom dia, tudo bem?", "Pois não, quem está falando?", "Boa tarde, quem deseja?",
        "Oi, aqui é o Renato, diga.", "Boa noite, pois não, em que posso ajudar?", "Oi, sou eu mesma.",
        "Olá, oi, bom dia.",
        "Diga, quem está na linha?",
    ),
)  # fmt: skip
OFFICE: Final[Halves] = (
    (
        "Padaria São José, bom dia, Márcia falando.", "Oficina do Carlos, boa tarde, em que posso ajudar?",
        "Clínica Bem Viver, Juliana, bom dia, em que posso ser útil?", "Mercado Central, boa tarde.",
        "Farmácia Popular, Pedro falando, boa noite.", "Auto Peças Brasil, bom dia, com quem eu falo?",
        "Borracharia do Zé, fala.", "Advocacia Moura, boa tarde, Sílvia.",
    ),
    (
        "Restaurante Sabor da Terra, boa noite, Paula.", "Escritório Almeida, bom dia, pois não?",
        "Salão da Cida, boa tarde, quem deseja, por favor?", "Material de construção Silva, bom dia.",
        "Pet shop Amigo Fiel, Lucas, boa tarde, posso ajudar?", "Academia Corpo Livre, Bianca falando, boa tarde.",
        "Chaveiro vinte e quatro horas, diga.", "Pizzaria Napoli, boa noite, qual o pedido?",
    ),
)  # fmt: skip
AGAIN: Final[Halves] = (
    ("Alô?", "Alô, quem fala?", "Tem alguém aí?", "Fala, não estou ouvindo."),
    ("Oi?", "Olá, quem é?", "Não estou escutando.", "Pode falar."),
)
TELEVISION: Final[Halves] = (
    (
        "O tempo amanhã será de sol em todo o litoral, com máxima de trinta graus e chuva fraca no interior.",
        "E o gol da equipe da casa saiu aos quarenta do segundo tempo, depois de uma bela jogada pela direita.",
        "O governo anunciou hoje novas medidas para a economia, e o dólar fechou o dia em queda de um por cento.",
    ),
    (
        "A polícia procura dois homens que fugiram ontem à noite em um carro preto pela rodovia que leva ao sul.",
        "Não perca, neste domingo, a grande final do concurso, ao vivo, logo depois do filme da tarde.",
        "Misture bem a farinha com os ovos, acrescente o leite aos poucos e leve ao forno por quarenta minutos.",
    ),
)  # fmt: skip
VOICEMAIL: Final[Halves] = (
    (
        "Sua chamada está sendo encaminhada para a caixa postal|e estará sujeita a cobrança após o sinal.",
        "Você ligou para a caixa postal.|No momento o cliente não pode atender.|Deixe seu recado após o sinal.",
        "Este é o serviço de caixa postal.|Após o bipe, grave a sua mensagem.",
        "O telefone chamado está desligado ou fora da área de cobertura.|Deixe uma mensagem depois do sinal.",
        "Olá! Este celular não pode receber chamadas agora.|Grave seu recado após o sinal.",
        "Caixa postal de|nove, nove, oito, um, dois, três, quatro.|Deixe o seu recado.",
        "Sua chamada não foi atendida.|Para deixar mensagem, aguarde o tom.",
        "O cliente chamado não pode falar.|Grave após o aviso e desligue.",
    ),
    (
        "Bem-vindo ao correio de voz.|A pessoa que você chamou não está disponível.|Fale depois do tom.",
        "Deixe a sua mensagem após o sinal,|ou desligue para não ser cobrado.",
        "A ligação será transferida ao serviço de recados,|com tarifa normal a partir do toque.",
        "Secretária eletrônica.|Não há ninguém para atender.|Por favor, diga seu nome e telefone.",
        "Neste momento não é possível completar a chamada.|Sua voz será gravada depois do aviso sonoro.",
        "Você chamou|oito, sete, sete, seis, zero, zero, um.|Registre o que deseja dizer.",
        "Correio de voz da sua operadora.|Este usuário está ausente.|Comece a falar quando ouvir o bipe.",
        "Para enviar uma mensagem de voz, espere.|O custo é o de uma ligação local.",
    ),
)  # fmt: skip
PERSONAL: Final[Halves] = (
    (
        "Oi, aqui é a Ana.|Agora eu não posso atender.|Deixa um recado que eu te ligo depois.",
        "Olá!|Você ligou para o João Batista.|Mande uma mensagem pelo aplicativo.",
        "Alô, você ligou para a família Pereira,|mas não estamos em casa.|Fale depois do bipe.",
        "Oi!|Não estou podendo falar agora,|retorno assim que puder, obrigado.",
        "Aqui é o Marcos, da oficina.|Estou em atendimento.|Deixe nome e telefone.",
        "Bom dia, este é o celular da doutora Helena.|Para marcar consulta, ligue para a clínica.",
        "Você ligou para o Rafael,|deixe sua mensagem que eu respondo.",
        "Fala aí, beleza?|Estou dirigindo,|me chama mais tarde.",
        "Olá, somos a família Ramos.|Ninguém pode atender neste instante.",
        "Aqui é a Joana e este é o meu recado|para quem ligou: mande texto.",
    ),
    (
        "Opa, aqui quem fala é o Diego.|Não deu para pegar o telefone.|Manda um áudio que eu escuto.",
        "Oi, tudo bem?|Esse é o telefone da Fernanda.|Estou no trabalho até as seis.",
        "Boa tarde.|Você chamou o Sérgio, representante comercial.|Envie sua dúvida por escrito.",
        "Eita, não consegui atender!|Tenta mais tarde,|ou escreve para mim.",
        "Residência dos Oliveira.|Saímos um instante.|Conte o que precisa e ligaremos de volta.",
        "Este número é da costureira Rosa.|Só atendo de segunda a sexta.|Fique com Deus.",
        "Obrigado por me procurar.|Sou o Tiago, eletricista,|e estou em cima de uma escada.",
        "E aí, tudo certo?|Perdi a sua chamada.|Já já retorno.",
        "Alô, alô, enganei você!|Isso é uma gravação.|Fale depois do apito.",
        "Telefone da casa da vó Neide.|Ela foi à feira e volta logo.",
    ),
)  # fmt: skip
ANNOUNCEMENT: Final[Halves] = (
    (
        "O número chamado não existe.|Por favor, verifique o número e tente novamente.",
        "Este telefone está temporariamente fora de serviço.|Tente mais tarde.",
        "No momento todas as linhas estão ocupadas.|Por favor, ligue daqui a alguns minutos.",
        "Este número mudou.|Anote o novo número:|três, três, quatro, quatro, cinco, zero.",
    ),
    (
        "Não foi possível localizar o assinante desejado.|Consulte a lista e disque outra vez.",
        "A linha para a qual você ligou foi desativada a pedido do cliente.",
        "Chamadas para este destino não são permitidas.|Procure a sua operadora.",
        "O aparelho discado encontra-se bloqueado para receber ligações.|Obrigada.",
    ),
)  # fmt: skip
MENU: Final[Halves] = (
    (
        "Bem-vindo à central de atendimento.|Para segunda via, digite um.|Para suporte, digite dois.",
        "Olá, você ligou para a Loja Modelo.|Nosso horário é das oito às dezoito.|Aguarde na linha.",
        "Obrigado por ligar.|Esta ligação poderá ser gravada.|Digite o ramal desejado.",
        "Clínica Santa Rita.|Para consultas, tecle um,|para exames, tecle dois.",
    ),
    (
        "Você está falando com o grupo Horizonte.|Se já sabe o ramal, tecle agora|ou espere a telefonista.",
        "Hospital Regional, atendimento automático.|Emergência, pressione três.|Internação, pressione quatro.",
        "Sua ligação é muito importante para nós.|Em instantes um atendente falará com você.",
        "Condomínio Jardim das Flores.|Portaria, aperte nove.|Administração, aperte zero.",
    ),
)  # fmt: skip
