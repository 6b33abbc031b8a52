"""Attributes of postings: read in many languages, from titles and columns, whatever the order."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samesku.titles import normal_title
from samesku.titles.attributes import KINDS, aspect, read_attributes


def read(kind: str, *raw: str, brand: str | None = None) -> list[tuple[str, ...]]:
    titles = list(map(normal_title, raw))
    return list(read_attributes(titles, brands=[brand] * len(titles)).values[kind])


# Titles, or the parts that matter, and what they state of a kind; several of one line are split by
# " | ", several values by commas.
STATED: dict[str, str] = {
    "colour": """
        LED spot GU10 2700K = warm white, white
        Apple iPhone 14 Pro 256GB Space Black | coque noire iPhone 13 | zwarte jas = black
        czarna kurtka | calça preta | 蓝牙耳机 黑色 | スマホケース ブラック = black
        Galaxy Buds space grey | 运动鞋 灰 42 = grey
        Herrenhemd dunkelblau | kaos polos biru tua = blue, navy
        Waschmaschine weiß = white
        camiseta roja hombre = red
        maglietta gialla = yellow
        modré tričko = blue
        telefón tmavomodrá = blue, navy
        sıvı deterjan | SIVI SABUN =
        黑人牙膏 | ブルーレイプレーヤー =
        # Words of one language that are others elsewhere.
        Biela izquierda Shimano | pula kain batik | black friday sale | green tea 20 bags =
        orange marmalade 340 g | Braun Silk-epil 9 | Elektrischer Braun Rasierer =
        티셔츠 네이비 = blue, navy
        เสื้อยืดสีดำ | siyah çanta | μαύρη τσάντα = black
        платье красное | लाल साड़ी = red
        قميص أزرق = blue
        LED bulb E27 warm white = warm white, white
        T-shirt black / white / red = black, red, white
        orange t-shirt | matt orange case = orange
        # Words of one language that are, without accents, common words of another.
        Persil Discs kapsułki do prania | Futterstation für den Hund | Radio DAB+ | sari katun =
        saumon fumé =
        pañuelo de seda azul = blue
        áo thun màu đỏ | crvena majica | rdeča majica | লাল শার্ট = red
        svart jacka | husă neagră | чорна футболка | חולצה שחורה | черна тениска = black
        čierna bunda | کفش مشکی | itim na sapatos = black
        sötétkék póló | tummansininen paita = blue, navy
        hvid skjorte | hvit skjorte = white
        # So is Swedish "vit", "röd", "grå" and "gul", Hungarian "kék" and Romanian "albă".
        vit C, rod, gra planszowa, gul suyu, kek, Jessica Alba =
        小米 16GB+512GB 曜石黑 = black
        inkoust azurový | tusz cyjan = cyan""",
    "flavour": """
        Onion hair oil 200 ml = onion, type: hair oil
        Twinings Irish Breakfast 80 teabags 160 g = irish breakfast
        Whey protein 1kg vanilla = vanilla
        Joghurt Erdbeere 500 g | yaourt aux fraises 4 x 125 g = strawberry
        йогурт клубничный 150 г | mansikkahillo, mansikka 400 g = strawberry
        кисело мляко с ягода 150 г = strawberry
        Hundefutter mit Huhn 400 g | 猫粮 鸡肉味 2kg = chicken
        galletas de limón 200 g = lemon
        susu bubuk rasa madu 900 gr = honey
        orange marmalade 340 g | آبمیوه پرتقال 1 لیتر = orange
        cola zero 330 ml = cola, sugar: zero
        shampoo with aloe vera 400 ml = aloe vera, type: shampoo
        ração para cachorro sênior = stage: senior
        farba matowa = finish: matt
        apple | Raspberry Pi 4 | masker mata 60 lembar | шина к пиле =
        cuero cabelludo graso | jeu de la vie | iPhone lader, Koffer leer, leren lezen =
        laine de verre, lana de roca, Titan lattice | Silicon Power, Bambu Lab, Canvas Select =
        table de nuit | case medium for adults =
        sjokolade 100 g = chocolate
        sok breskva 1 l = peach
        Magnesium 60 Kapseln = form: capsules
        Magnesium 60 softgels = form: capsules, form: softgels
        Heineken 0,0 6 x 33cl bottles = alcohol: free, container: bottle
        fettarme Milch 1,5% 1 l = fat: half
        organic shirt orange = farming: organic
        Castel Weißwein halbtrocken 0,75 l = sweetness: medium, wine: white
        Voltaren Emulgel 100 g = form: gel
        Vit D3 1000 IU 24 Lutschtabletten = form: lozenges, vitamin d
        Herrenhemd Baumwolle orange | poduszka bawełniana = material: cotton
        Schuhe Kunstleder = material: faux leather, material: leather
        Royal Canin medium - adulto 8 kg = dog: medium, stage: adult
        croquettes chat stérilisé 4kg = stage: neutered
        desodorante spray 0% alcohol = alcohol: free, form: spray, type: deodorant
        Nivea crema antiarrugas de noche = time: night
        karma dla kociąt z kurczakiem = chicken, stage: kitten
        Maxi Adult Hundefutter = dog: large, stage: adult
        Carny Adult Rind = beef, stage: adult
        Kitten Sterilised = stage: kitten, stage: neutered""",
    "size": """
        Primacy 205/55/16 91V | Primacy 205 55 16 91V = load: 91v, tyre: 205/55r16
        Primacy 205/55 16 91V = load: 91v, tyre: 205/55r16
        cotton tee navy, size XL | کاپشن سایز XL | Men's T-Shirt navy X-Large = xl
        Kaos polos hitam L | 纯棉T恤 白 L码 | 후드집업 사이즈 L | Gummihandschuhe Größe L = l
        ゴム手袋 Lサイズ | rękawiczki rozm. L = l
        hoodie black XXL | パーカー LLサイズ = 2xl
        slim fit chinos black S | Strickjacke grau S | tepláky modré S | dog collar red S = s
        Vitamin D hand cream L | The King vinyl | Galaxy A5 phone | frame 4x40 =
        caixa de som 4x40 | rifle scope 32/34 | LED-Band, damit 39-42 | cioccolato gr. 100 =
        speaker TG 162 | tee with a large logo | dress warna ll | Zucker 400 gr. 4 Beutel =
        Teppich 2x1,5 | guitar lead 1/4 jack | anti-slip mat L | timing belt kit M | hub cap S =
        L-Lysine 500 mg caps =
        sepatu lari pria abu 42 | 运动鞋 灰 42 | Siyah erkek ayakkabısı 42 = size: 42
        sneakers herren 42 | boots EU 42 = size: 42
        king size duvet cover = bed: king
        copy paper A4 80 gsm = paper: a4
        AAA batteries | Longlife Power Micro AAA LR03 = cell: aaa
        jakke størrelse M | jacka strl M | felpa tg. M | ถุงมือยาง ไซส์ M = m
        vaipat koko 4 = number: 4
        дамски обувки 38 | mărime 38 = size: 38
        hex bolt M6 x 30 mm = thread: m6x30
        Schrauben 4,0 x 40 mm | Vijci 4x40 = screw: 4x40
        Socken 39-42 = size: 39, size: 42
        Pullover 98-104 = size: 104, size: 98
        jeans 32/34 | Herren Jeans 32/34 | jeans W32 L34 | jeans 32W x 34L = size: 32/34
        Sneaker Pegasus 40 Damen EU 43 = size: 43
        shoe Pegasus 40, UK 9 = number: 9
        Kinderjacke Größe 104 | Kinder T-Shirt blau 104 = size: 104
        Storage box (Small) = s
        toothbrush medium =
        Kotak simpan saiz besar = l
        cleaner for small appliances =
        BH weiß 80C = cup: 80c
        乾電池 単3 8本 | 乾電池 単三 8本 = cell: aa
        bebek bezi 4 beden 62 adet | 4 numara bebek bezi 62'li = number: 4
        Revolution 7 spor ayakkabı beden 42 | ayakkabı 42 numara = size: 42
        uzun kollu erkek gömleği beyaz - M = m
        karta pamięci microSDXC 128 GB A2 V30 =
        fralda tamanho XG = xg
        camiseta tam P azul = s
        205/55 R16 91V Primacy = load: 91v, tyre: 205/55r16
        Driveways 195/65-15 91H = load: 91h, tyre: 195/65r15
        195/70 R15C 104/102R = load: 104r, tyre: 195/70r15
        boots EU 42⅔ = size: 42.67
        Herren Socken 43/44 = size: 43, size: 44
        メリーズ M/Lサイズ = l, m
        ثوب مقاس 56 = size: 56
        Birkenstock Madrid Gr. 39 = size: 39
        Pampers Gr.4+ 108 Stück = size: 4+
        매트리스 퀸 = bed: queen
        extension cable 5 m 3G1,5 in stock | NYM-J 3x1,5 Ring 50m = wires: 3x1.5
        H07RN-F 3G1,5 25m = wires: 3x1.5
        Holzschrauben 10x100 = screw: 10x100
        NYY-J 5x10 mm² = wires: 5x10
        Violon Student I 3/4 = size: 3/4
        Reifen 29 x 2.30 Minion = wheel: 29x2.3
        Koperty DL, obálky C5 = paper: c5, paper: dl
        Silver Notebook DVD±RW DL =
        camiseta masculina preta G | camiseta preta tam G = l""",
    "accessory": """
        Case for iPhone 14 Pro | iPhone 14 Pro black case cover | coque pour Galaxy A54 = case
        funda para iPhone 13 | custodia per iPhone 13 | etui do iPhone 13 = case
        softcase untuk Samsung A15 | 苹果15手机壳 | เคสสำหรับ iPhone 14 = case
        чехол для iPhone 14 | جراب ايفون 14 | iPhone 14 kılıf | чохол для iPhone 14 = case
        Ultra Hybrid Clear Case for iPhone 13 = case
        Galaxy S23 (Renewed) = refurbished
        Galaxy S23 bekas = used
        Oil 200ml penghilang bekas luka | double tape dicuci tanpa bekas =
        iPhone 14 Pro 256 GB | iPhone 14 Pro with charger | camera kit with lens and bag =
        microSD 64 GB + adapter | Snail toner 150 ml | Serum 50 ml + toner 135 ml =
        Duvet cover set | FC 25 für PS5 | T-shirt for men | case of 12 bottles =
        tales for kids vol. 3 | мастило моторне | عطر جوهر | shirt, short sleeve =
        Night Cream combination skin 50ml | Beats Solo 3 headphones | station de recharge =
        bateria umywalkowa Talis E | Armbanduhr mit Geschenkbox, cofanetto 8 dvd =
        upgrade headset =
        PlayStation 5 + 2 controllers = bundle: controller
        gamepad + joystick = bundle: controller, controller
        Charger for cordless drill HD18 = charger
        Ladekabel für iPhone 14 = cable
        电饭煲内胆 适用JLFB40 = inner pot
        vrtačka DDF485 bez baterie | шуруповерт без АКБ = body only
        skrutrekker uten batteri og lader | δραπανοκατσάβιδο χωρίς μπαταρία = body only
        Akku-Schlagbohrschrauber M18 FPD3 18V solo = body only
        accu boormachine DDF484 18V zonder accu en lader = body only
        Drum pedal for Tama HP910 = spare part
        The Sims 2: Pets Expansion Pack = expansion
        gel lavant recharge 400ml | 洗濯洗剤 つめかえ 360g | 섬유유연제 리필 1L = refill
        天然水 500ml 24本 1ケース =
        trapano GSB 18V solo corpo macchina | vŕtačka bez aku a nabíjačky = body only
        アイフォン15ケース | 아이폰15케이스 | כיסוי לאייפון 15 = case
        Dior Sauvage set regalo 100ml = gift set
        CL-41 Color Ink = cartridge
        Writer upg mac jewel case | Corel Painter X upgrade = upgrade
        D90 DSLR body | EOS Rebel T3 body = body only
        DSLR body with 18-70mm zoom lens | toothbrush head solo body =
        diet lemonade 330 ml = sugar free
        ground coffee decaf 500 g = decaf
        sugar free chewing gum 14 g =
        Epson Stylus Photo R200 ink = cartridge
        Ladegerät 25 W ohne Kabel | carregador 25 W sem cabo | charger without cable = charger
        chargeur sans fil | sem fio carregador = charger
        Pampers Pants Windeln | Подгузники-трусики Huggies | külot bebek bezi = pants
        nohavičky čierne | black pants =
        Epson 103 Tintenflasche | atramentová fľaša Epson = cartridge""",
    "model": """
        Cat 6 lead | CAT6 UTP lead | cat-6 lead = cat: 6
        Mach 3 Turbo razor = mach: 3 turbo
        LED E14 mini globe = e14
        lipstick Burgundy 316, 4 ml = burgundy: 316, no: 316
        Apple iPhone 14 Pro Max 128 GB = iphone: 14 pro max
        Samsung Galaxy S21 Ultra 5G = s21ultra
        running shoe Glide 5 = glide: 5
        小米手环8 = 手环: 8
        苹果15 手机 | アイフォン15 | 아이폰15 케이스 | ไอโฟน 15 | ايفون 15 | айфон 15 = iphone: 15
        갤럭시S24울트라 케이스 = s24ultra
        面膜 10片装 | USB3 hub 4K HDMI 1080p | pack of 12 | 2in1 cable | original novel =
        drill incl. 2 batteries | pelenka 5-ös | vacuum sealed beef, sealed lead acid battery =
        Nina Ricci Luna | broche de plata | 205/55 R16 91V Primacy | winter jacket =
        fridge stainless steel | Herr der Ringe | Haken für schwere Lasten =
        hex bolt M6 x 30 mm =
        notebook i5-8250U = 8250u, cpu: i5
        PS5 console | PlayStation 5 + 2 controllers = platform: playstation 5
        Building set 60320 = 60320
        Original toner for HP = maker: original
        kompatible Tinte | toner zamiennik HP = maker: compatible
        Naruto Vol. 3 manga | Naruto, Volume 3 | Наруто том 3 | lip cream #03 = no: 3
        lip cream 03 brick = no: 3
        iPad (9th generation) | iPad 9. Generation | iPad 9e génération = gen: 9
        Snapdragon 8 gen 2 = gen: 2, snapdragon: 8
        Barolo Cannubi 2016 = year: 2016
        iPhone 15 ProMax | ايفون 15 برو ماكس = iphone: 15 pro max
        Redmi Note 12 Pro+ = note: 12 pro plus
        Galaxy S24+ 256GB = s24plus
        Sauvage Eau de Parfum | парфумована вода = concentration: edp
        Minecraft Xbox One = platform: xbox one
        Minecraft Xbox Series S/X = platform: xbox series
        Catan deutsche Version = language: german
        Atlas gebundene Ausgabe = binding: hardcover
        caliper rear left | Bremssattel hinten links = end: rear, side: left
        Awesome Mix compact disc = medium: cd
        Women's sandals | buty dla kobiet | Damen Sandalen | naisten takki = for: women
        Einhell TE-CD 18 = cd: 18
        iPhone 15 про = iphone: 15 pro
        أو دو تواليت = concentration: edt
        مرآة يمين | leva freno destra = side: right
        iPhone 12 poleasingowy = condition: used, iphone: 12
        Barum 195/65R15 zimní = season: winter
        Spax Schrauben verzinkt | vijci pocinčani = material: galvanised
        Лампа Е27 | Λάμπα Ε27 = e27
        чоловіча футболка | férfi póló | חולצה לגבר | риза мъжка = for: men
        otroška majica | lasten takki = for: children
        # A unit is no name of the number behind it, "size_32" no code.
        DDR4 16GB 3200 = ddr: 4
        jeans W32 L34 | jeans 32/34 =
        shoe Pegasus 40, UK 9 = pegasus: 40
        Κραγιόν Νο 05 = no: 5
        # Shades of make-up and dyes, but not how many there are.
        lipstick Heather 058 = heather: 58, no: 58
        058 Heather lipstick = no: 58
        hair dye 5.3 light brown = dye: 5.3, no: 5.3
        palet eyeshadow 12 warna = eyeshadow: 12
        casque rouge 58 = red: 58
        seat cushion 45 = cushion: 45
        corrector de postura 85 = postura: 85
        HP 207A toner = 207a
        HP 207X toner = 207x
        fuse cartridge 100A =
        Canon EF 24-70mm f2.8L = mount: canon ef
        Sigma 50mm for Sony E = mount: sony e
        edición inglesa = language: english
        Star Racer Deluxe Edition = edition: deluxe
        toaster with UK plug = mains: uk
        # Rates and classes of speed are no models; what a card is makes another product.
        tarjeta microSDXC V30 A1 hasta 100 MB/s = medium: microsd
        Barracuda 7200 rpm =
        Clé USB DTSE9G2 = dtse9g2, medium: usb stick
        paměťová karta SD = medium: sd
        # Versions, and of software licences, editions and platforms; its discs say nothing.
        Ghost 10.0 = ghost: 10
        Ghost v9 = ghost: 9
        iWork v06 = iwork: 6, v06
        Writer premium (upgrade) for Mac = edition: premium, licence: upgrade, platform: mac
        Adobe Writer Upgrade = licence: upgrade
        toothbrush medium = firmness: medium
        headlight, driver's side RH = seat: driver, side: right
        Canon EOS Rebel T3i | Canon EOS 600D = 600d
        notebook i3-370M = 370m, cpu: i3
        PlayStation 5 Disc Console = platform: playstation 5
        Writer 8 Pro Mac = edition: professional, platform: mac, writer: 8
        Gaming PC premium | MAC lipstick Chili | fridge 25.0 cu. ft. =
        Excellence nuance châtain professional =
        Ghost 11.5 = ghost: 11.5
        Writer std upg mac CD = edition: standard, licence: upgrade, platform: mac
        Writer complete package academic = licence: academic
        Acrobat 8 Pro | Acrobat Professional 8 | Acrobat pro v8 = acrobat: 8, edition: professional
        Nuance Dragon preferred 9 = dragon: 9, edition: preferred
        Writer deluxe PC/Mac = edition: deluxe, platform: mac, platform: windows
        ProBook 450 Windows 10 Pro = probook: 450
        # What follows a slash makes another filter; the years that a part fits are no code.
        Mann HU719/7x = hu719, hu7197x
        Grafikkarte GTX1650/4G = gtx1650
        Spiegel Ford Focus 2004-2008 = years: 2004-2008
        Plaquettes Bosch 0986494019 = 0986494019
        Headset 981-000040 = 981000040
        Vector 4Seasons Gen-3 = gen: 3
        Biologie, 11. aktualisierte Auflage | Biology (11th ed.) = edition: 11
        Nikkor 16-80 4E ED VR | Cepuk grade A =
        Astérix n°2 = no: 2
        Wiedźmin, okładka twarda = binding: hardcover
        Hemd langarm slim fit = fit: slim, sleeves: long
        AirPods Pro Refurb - Grade A = airpods: pro, condition: refurbished, grade: a
        iPhone 13 Refurbished Grade B = condition: refurbished, grade: b, iphone: 13
        iPhone 13 Pro Ultra Hybrid = iphone: 13 pro
        MBN B16A = b16
        Schrauben TX20 = t20
        lait infantile Innova 2e âge 800 g = innova: 2e, stage: 2
        # School years and what books are for; a class of cars and a maker's "KL" are neither.
        Matematyka SP kl. 4, podręcznik = book: textbook, grade: 4
        Matematika pro 4. ročník, pracovní sešit = book: workbook, grade: 4
        Mercedes C Klasse 180, Mahle KL 756 = kl: 756, klasse: 180
        Staffel 2, 2. évad = season: 2
        Regény, puha táblás = binding: paperback
        Zeszyt A5 w kratkę = ruled: squares
        Oxford füzet A5 vonalas = ruled: lines
        Schleifpapier Körnung 80 | Papier ścierny P80 = grit: 80
        # Some words say where a part is fitted on parts of cars alone.
        Bromsbelägg TRW bak = end: rear
        Bakplatta | Ferrari Testarossa 1:18, 16:9 =
        Mann C 30 130 = c30130
        Bosch 0 986 494 019 = 0986494019
        # The focal lengths of a lens and the printers of an ink are no groups.
        EOS 5D Mark IV 24 105 II kit = iv: 24, mark: 4
        AF S 18 140 VR, ink for 2135 1115 115 315 415 =
        Sprzęgło LUK 624 3177 09, 1K0 615 301 = 1k0615301, 624317709
        Baglygte VW Polo venstre bag = end: rear, side: left
        Sony A6000: 16-50mm = a6000
        12-cup maker DSC-W150 Digital Camera = dscw150
        Magnetotermico C16 4,5kA = c16
        Lusterko lewe = side: left
        zpětné zrcátko pravé VW Golf = side: right
        Peněženka z pravé kůže =
        chain with 52 drive links =
        HD9252 Air Fryer = hd9252
        Sechskantmutter DIN934 verzinkt = din934, material: galvanised
        Zylinderschraube DIN912 A2 = a2, din912, material: stainless
        JumpStart 2nd Grade = grade: 2
        Microsoft Windows 11 Home = windows: 11
        Sony RX100 III | Sony RX100 Mk3 | Sony RX100 Mark-III = rx100iii
        Age of Empires III = empires: 3
        куртка для мальчика | Jungen Jacke | jaket anak laki-laki = for: boys, for: children
        ножницы для левшей | olló balkezes | sakset vasenkätisille = side: left
        áo thun nữ = for: women
        tablet 64GB LTE | 64 GB telefon (bez 5G) = network: 4g, network: cellular
        LTE router =
        Persil Color Waschmittel | deterjan Renkliler için = laundry: colours
        condicionador 400 ml | 潘婷护发素 = care: conditioner""",
    "amount": """
        kajal 0.35 gm = 0.35 g
        milk powder 0,4 kg = 400 g
        Kanne XL 3,5 l = 3500 ml
        cola 330 ml | latas 33cl 12 unidades = 330 ml
        Canon 35mm f/1.4L | Ultra Fit 32 GB SDCZ430-032G-G46 | popok M 30 L 28 =
        Clarks shoes UK 8.5 G =
        biotin 500 mcg = 0.0005 g
        5-Quart mixer = 4730 ml
        Schnellkochtopf 4,5L 22cm = 4500 ml
        קפה 200 גר' = 200 g
        אורז 1 ק״ג = 1000 g
        antipulgas perro de 20 a 40 kg = 20000 g, 40000 g
        Diet Coke soda 12 oz can = 355 ml
        Gatorade drink mix 18.3 oz = 519 g
        Audi A4 grease 80 g = 80 g""",
    "count": """
        LEGO Falcon 75257 (1,353 Pieces) | jigsaw puzzle 1000 pieces =
        LEGO minifigures 6 pack = 6
        Fusion cartridges 4s pack = 4
        Ceylon tea 100 tagless bags = 100
        62 dishwasher tablets = 62
        Gillette Mach3 8 blade refills = 8
        halogen bulb H7 twin pack | H7 Doppelpack 2 x 55W | H7 twin pack (2 pack) = 2
        screws 50 pcs = 50
        Lampe E27 Doppelpack | Creme Doppelpack 2 x 150 ml | dvojbalení žárovek = 2
        Cola Sixpack 6 x 0,33 l | cola 6er Pack 6 x 330 ml = 6
        1 box isi 12 | baterie AA x12 | Gillette Mach3 12 ud = 12
        cola 24 x 330 ml | cola 6 x 4 pack 330 ml | Aspirin 24 film-coated tablets = 24
        çinko 250 mg 30 tb | Ibuprofen 200 mg tabs x30 = 30
        strings 3 Pack 12-53 = 3
        A4 paper ream of 500 = 500
        حفاضات مقاس 4 عدد 58 حفاضة = 58
        2x screen protector | Enfamil formula 2 pc | Tempered Glass iPhone 13 Pack of 2 = 2
        Biberon 260ml, lote de 2 = 2
        Melatonin Kapseln 60 St. | C-vitamin tabletta 60 db = 60
        bebek bezi 40 lı = 40
        curtain 1 pc | Fire HD 8 tablet 32 GB | KD-43X80L | mouse X7 | AC 2 PK inverter =
        Antivirus 1 user | battery pack 2 | Einhell TE-CD 18/40 Li BL | antenna 9 dB =
        leva 2 un grátis | Vitamin C capsules 100% natural | FIFA 23 PC BNIB | 36 film 100 ISO =
        Bosch PSR 18 LI Akkuschrauber | Bosch PSB 1800 LI-2 | The Sims 4 PC Download =
        AAA battery (4 pk) | brossettes CrossAction (x4) = 4
        Antivirus 5 users | Topfset 5-teilig = 5
        Coca-Cola lata 33 cl pack 6 | brik 1 L caja 6 | Saint-Émilion 75cl caisse de 6 = 6
        مياه كرتون 20 | Ibuprofen AL 400 mg 20 Filmtabletten = 20
        Ibuprofen AL 400 Filmtabletten 20 St | Парацетамол 500 мг таблетки №20 = 20
        Aspirin 20 Tabletten 50 = 20
        wkręty 5,0 x 50 opak. 200 szt | wkręty 6x120 opak. 200 szt = 200
        fralda 28 un = 28
        Omega 3 120 Kapseln 2 Stk = 240
        Nurofen 200mg Tablets 16 = 16
        Zestaw 1000 elementów | Zestaw 1000 el. = 1000
        bit set 25 pc = 25
        Fusion lames de rasoir x8 = 8
        Pods Spring Meadow - 81ct = 81
        kopieringspapper A4 500 ark = 500
        The Ark 2, 500 ark =
        Tűzőkapocs 1000 db, 90 db = 1000
        dušo gelis 1+1 gratis | 수딩크림 1+1 = 2
        karta 3+1 =
        Kit 3 cuecas | 牙膏 3入 = 3""",
    "memory": """
        phone 8/128GB = 128 gb, 8 gb
        Redmi 9 A 32GB = 32 gb
        SSD 1 TB = 1000 gb
        çinko 250 mg 30 tb =
        # Transfer rates are no memory, but memory is before "/ssd".
        Карта памяти 64ГБ 150МБ/с = 64 gb
        Clé USB 32 Go 480 Mo/s = 32 gb
        notebook i5/8GB/SSD = 8 gb
        PC portable 8 Go 256 Go SSD = 256 gb, 8 gb
        SSD A400 SA400S37/240G = 240 gb
        # A kit states the memory of the whole.
        RAM 32GB (2x16GB) DDR4 = 32 gb
        RAM 2x16GB DDR4 | RAM DDR3 2 x 16Go = 32 gb""",
    "measure": """
        LEGO Falcon 75257 (1,353 Pieces) = parts: 1353
        Ravensburger jigsaw puzzle 1000 pieces = parts: 1000
        copper wire 2.5mm² | copper wire 2.5 sq mm = 2.5 mm2
        Netzteil 2 A 12 V = 12 v
        powerbanka 20 000 mAh = 20000 mah
        12in storage box = 305 mm
        LED bulb 9W | lamp 9 W, 2 years warranty = 9 w
        vitamin D3 1000 IU = 1000 iu
        lens 50mm f/1.8 = 1.8 f, 50 mm
        lens 50mm F4 = 4 f, 50 mm
        lens F2,8 50 mm = 2.8 f, 50 mm
        camera f1 18 | shirt 25 EUR | pendrive FV 23% | Action Cam 60 fps 4k =
        Spüler SX636X03IE | Digitalpiano P-125 WH | FC 24 Playstation 5 - 1 Year Warranty =
        wiertarka, 5 lat gwarancji | leite em pó 1 lata | kalendarz 2023 lat =
        Max Factor 50 natural | couches taille 4 x 174 | IP11 Pro Max case =
        Streets & Trips 2006 w/GPS =
        kettle 220-240V = 230 v
        toner 1.350 Seiten = 1350 page
        gift card £25 = worth: 25 gbp
        Geschenkkarte 25 EUR = worth: 25 eur
        LED E27 2700 K = 2700 k
        26 LED brake lamp | type:302 LED, 26 LED = leds: 26
        contact lens -3,25 = lens: -3.25
        gordijn B140 x H250 = 1400 mm, 2500 mm
        BRAVIA 55V型 | テレビ 55型 = 1400 mm
        лампа 3000К = 3000 k
        Sonnenmilch LSF 30 = 30 spf
        fluido solar FPS 50+ | Factor 50 sun cream = 50 spf
        Vitamin D3 20.000 I.E. = 20000 iu
        soczewki 6 szt. -2,00 BC 8,4 = lens: -2
        FI-Schutzschalter 40A 30mA 4P = 30 ma, 4 pole, 40 a
        Hager wyłącznik różnicowoprądowy 4P 63 A 30 mA = 30 ma, 4 pole, 63 a
        stekkerdoos 6 voudig 3m = 3000 mm, 6 gang
        # Parts that goods are told apart by; keys and speeds of others count none.
        switch, 8-port | switch 8 Port | switch de 8 puertos = 8 port
        surge protector 6 outlets = 6 gang
        6-drawer chest | commode 6 tiroirs = 6 drawer
        4-Personen-Zelt | tent for 4 people | 4 seater sofa | tienda 4 plazas = 4 person
        88-key piano | digitalpiano 88 Tasten = 88 key
        receiver 7.1 channel | 7.1ch receiver = 7.1 channel
        11-speed cassette = 11 speed
        gas grill 4 burner = 4 burner
        toaster 2-slice, 3 shelf rack = 2 slice, 3 shelf
        USB 3.0 port hub | vintage 2011 port | Windows 10 key | SDHC class 10 speed =
        wiper blade 26 in. | wiper blade 26in = 660 mm
        chest 26 in. 6-Drawer = 6 drawer, 660 mm
        3 in 1 printer | 3 in. 1 tool =
        camera 14.7 megapixel | camera 14 Mpix = 14 mp
        Kreissägeblatt 216x30 24 Zähne = 216 mm, 24 teeth, 30 mm
        Akku-Bohrschrauber 12V solo | cordless drill 12V bare tool = 12 v, batteries: 0
        Persil Color 50 WL Waschmittel = 50 doses
        Sony KDL-55 WL =
        Vizir 60 prań = 60 doses
        nasal spray, 144 Sprays = 144 doses
        nasal spray, 2 sprays =
        foil 75 sq. ft. roll = 75 sqft
        Rillenkugellager 6204 20x47x14 = 14 mm, 20 mm, 47 mm
        Fischer Dübel 8x40 = 40 mm, 8 mm
        CorePro LEDbulb 9W E27 840 = 4000 k, 9 w
        Steckdose IP 44 = ip: 44
        Lagavulin 16 YO = 192 month
        klocki od 3 lat = 36 month
        Шуруповерт 12В 2х1,5Ач = 12 v, 1500 mah, batteries: 2
        Sägeblatt 190x30x2,6 = 190 mm, 2.6 mm, 30 mm
        Strumpfhose 40 DEN = 40 den
        Kaspersky 3 PC 1 Jahr = 12 month
        folia malarska 15 mikronów = 15 micron
        Ferrari F40 1:18 = scale: 18
        mapa 1:25 000 = scale: 25000
        Catan rozšíření pro 5-6 hráčů = 5 player, 6 player
        Papier ścierny 230x280 = 230 mm, 280 mm
        Opaski zaciskowe 200x4,8 = 200 mm, 4.8 mm
        másolópapír A4 80 g = 80 gsm
        QLED Fernseher 138 cm | LED televize 139 cm 4K | LED tv 55 inch = 1400 mm
        Meuble TV LED 163 cm = 1630 mm
        αντηλιακή κρέμα δείκτης 30 | protetor solar fator 30 = 30 spf""",
}
ROWS = [
    (kind, title.strip(), tuple(filter(None, row.rpartition("=")[2].strip().split(", "))))
    for kind, rows in STATED.items()
    for row in rows.strip().splitlines()
    if not row.lstrip().startswith("#")
    for title in row.rpartition("=")[0].split(" | ")
]


@pytest.mark.parametrize(("kind", "title", "values"), ROWS)
def test_titles_state(kind: str, title: str, values: tuple[str, ...]) -> None:
    assert read(kind, title) == [values]


def test_spellings_of_one_code_agree_within_a_catalogue() -> None:
    written = ["Sony WH-1000XM5", "Sony WH1000XM5 black", "Sony WH 1000 XM5"]
    assert set(read("model", *written)) == {("wh1000xm5",)}
    assert read("model", "iPhone14 case", "iPhone 14 case")[0] == ("iphone: 14",)
    with_region, without = read("model", "TV QE55Q80CATXXU", "TV QE55Q80C")
    assert set(without) < set(with_region)


def test_a_glued_spelling_elsewhere_leaves_models_apart() -> None:
    phones = "iPhone 15 Pro", "iPhone 15 Pro Max", "Smartphone iPhone 15Pro Huelle"
    assert read("model", *phones) == [
        ("iphone: 15 pro",),
        ("iphone: 15 pro max",),
        ("iphone: 15 pro",),
    ]
    notes = "Note 13 Pro", "Note 13 Pro+", "Note13Pro"
    assert read("model", *notes) == [("note: 13 pro",), ("note: 13 pro plus",), ("note: 13 pro",)]
    drives = "SN 850 Pro", "SN 850 Pro Max", "SN850"
    assert read("model", *drives)[:2] == [("sn850", "sn850pro"), ("sn850", "sn850promax")]
    cards = "RTX 4070", "RTX 4070 Ti", "RTX4070Ti RTX4070"
    assert read("model", *cards)[:2] == [("rtx4070",), ("rtx4070ti",)]
    assert read("model", "PG-545", "PG-545 XL") == [("pg545",), ("pg545xl",)]
    assert read("model", "iPhone15 case", "iPhone15 Pro case") == [("iphone15",), ("iphone15pro",)]


def test_words_of_the_brand_say_nothing() -> None:
    assert read("colour", "Red Bull jacket black", brand="Red Bull") == [("black",)]
    assert read("model", "A4Tech mouse X7", brand="A4Tech") == [("x7",)]


def test_the_brand_says_what_kind_of_thing_it_is() -> None:
    assert read("accessory", "Suite CS3 upgrade", "Adobe Suite upgrade", brand="Adobe") == [
        ("upgrade",),
        ("upgrade",),
    ]


def test_columns_are_read_by_their_names() -> None:
    columns: dict[str, list[str | None]] = {
        "Farbe": ["schwarz", None],
        "size": ["X-Large", "42"],
        "pack_size": ["6", "1"],
        "ram_capacity": ["8 GB DDR4", "16 GB"],
        "Capacité": ["512 GB", None],
        "Part No.": ["WH-1000XM5", "n/a"],
        "EAN-Code": ["04006381333931; 4006381333948", "n/a"],
        "upc": ["036000291452.0", "4.00638E+12"],
        "Code-barres": ["96385074", "3161484100"],  # an ISBN of ten digits
        "external_product_id_type": ["EAN", "EAN"],
        "Färg": [None, "svart"],
        "Herstellernummer": [None, "GSR-1215"],
        "items_sold": ["12", "31"],
        "Review Count": ["7", "31"],
        "Image Size": ["500", "800"],
        "max_order_volume": ["5 l", "6 l"],
        "shipping_weight": ["2 kg", "3 kg"],
        "cpu_frequency": ["2.6 GHz", None],
        "cpu_model": ["Intel Core i5-7200U", None],
        "Оперативная память": [None, "8 ГБ"],
        "model": [None, "MA326LL/A"],
        "remarks": ["red", "blue"],
        "Quantity": ["6", "31"],
    }
    values = read_attributes(["one", "two 512gb ssd"], columns).values
    assert {kind: one[0] for kind, one in values.items() if one[0]} == {
        "count": ("6",),
        "size": ("xl",),
        "colour": ("black",),
        "model": ("7200u", "cpu: i5", "wh1000xm5"),
        "gtin": ("36000291452", "4006381333931", "4006381333948", "96385074", "mpn: wh1000xm5"),
        "memory": ("ram: 8 gb", "storage: 512 gb"),
        "measure": ("cpu frequency: 2600000000 hz",),
    }
    assert values["count"][1] == ()  # as if none were stated
    assert values["memory"][1] == ("512 gb", "ram: 16 gb", "ram: 8 gb", "storage: 512 gb")
    assert values["model"][1] == ("gsr1215", "ma326ll", "ma326lla")
    assert values["colour"][1] == ("black",)
    assert values["size"][1] == ("size: 42",)


@pytest.mark.parametrize(
    ("column", "cell", "stated"),
    [
        ("Size", "24 x 80 g", {"count": ("24",), "amount": ("80 g",)}),
        ("Size", "128GB", {"memory": ("128 gb",)}),
        ("Pack Size", "6 x 330ml", {"count": ("6",), "amount": ("330 ml",)}),
        ("item_package_quantity", "24", {"count": ("24",)}),
        ("Net Qty", "30 ml", {"amount": ("30 ml",)}),
        ("Volume (ml)", "750", {"amount": ("750 ml",)}),
        ("weight_kg", "1.5", {"measure": ("weight: 1500 g",)}),
        ("Shade", "220 Natural Beige", {"colour": ("beige",)}),
        ("Scent", "Lemon", {"flavour": ("lemon",)}),
        ("Package Weight", "2 kg", {}),
    ],
)  # fmt: skip
def test_a_column_states_what_its_cells_say(column, cell, stated) -> None:
    values = read_attributes(["thing"], {column: [cell]}).values
    assert {kind: one[0] for kind, one in values.items() if one[0]} == stated


def test_a_title_says_more_of_an_amount_than_a_column() -> None:
    values = read_attributes(["jam 2 x 100 g", "jam"], {"Net Quantity": ["200 g", "100 g"]}).values
    assert values["amount"] == [("100 g",), ("100 g",)]


@pytest.mark.parametrize(
    ("column", "cell", "colour"),
    [
        ("Färg", "vit", "white"), ("Färg", "Röd", "red"), ("farve", "sort", "black"),
        ("Farge", "grå", "grey"), ("color_name", "Orange", "orange"), ("Barva", "černá", "black"),
    ],
)  # fmt: skip
def test_colours_are_read_in_the_language_of_their_column(column, cell, colour) -> None:
    assert read_attributes(["mouse"], {column: [cell]}).values["colour"] == [(colour,)]


@pytest.mark.parametrize(
    ("cell", "numbers"),
    [
        ("'4006381333931", ("4006381333931",)),
        ("4006381333931.0", ("4006381333931",)),
        ("4 006381 333931", ("4006381333931",)),
        ("978-3-16-148410-0", ("9783161484100",)),
        ("4006381333931 4006381333948", ("4006381333931", "4006381333948")),
        ("96385074", ("96385074",)),
        # Zeros, the last digit wrong, digits lost, made up, a shop's own numbers.
        ("0000000000000", ()), ("4006381333932", ()), ("006381333931", ()), ("400638133393", ()),
        ("1234567890123", ()), ("1111111111111", ()), ("2000000012346", ()), ("200000001230", ()),
        ("4,00638E+12", ()), ("does not apply", ()),
    ],
)  # fmt: skip
def test_a_gtin_is_a_number_whose_check_digit_is_right(cell, numbers) -> None:
    assert read_attributes(["drill"], {"EAN": [cell]}).values["gtin"] == [numbers]


@pytest.mark.parametrize(
    ("cell", "condition"),
    [
        ("Used - Like New", ("used",)), ("d'occasion", ("used",)), ("použité", ("used",)),
        ("Generalüberholt", ("refurbished",)), ("new", ()), ("Neu: Sonstige", ()),
        ("Very good, used", ("used",)), ("https://schema.org/UsedCondition", ("used",)),
        ("New (never used)", ()), ("nicht gebraucht", ()), ("https://schema.org/NewCondition", ()),
    ],
)  # fmt: skip
def test_a_column_says_the_condition(cell, condition) -> None:
    assert read_attributes(["drill"], {"Zustand": [cell]}).values["accessory"] == [condition]


@pytest.mark.parametrize(
    ("cell", "numbers"),
    [
        ("DSC-W830/P", ("mpn: dscw830", "mpn: dscw830p")), ("GSR 12V-35", ("mpn: gsr12v35",)),
        ("0 986 494 019", ("mpn: 0986494019",)), ("S5587/10", ("mpn: s558710",)),
        ("KD-55 X85", ("mpn: kd55x85",)),
        # What it measures, names, too short, no number, a default.
        ("8GB/256GB", ()), ("500 x 300 mm", ()),
        ("Pixel 7 Pro", ()), ("Galaxy S21", ()), ("A52", ()), ("black-xl", ()), ("000000", ()),
    ],
)  # fmt: skip
def test_a_model_number_of_a_column_is_an_article_number(cell, numbers) -> None:
    assert read_attributes(["drill"], {"mpn": [cell]}).values["gtin"] == [numbers]


def test_frame_has_one_row_per_posting_and_a_column_per_kind() -> None:
    frame = read_attributes(["black shirt size_xl", ""]).frame(["a", "b"])
    assert frame.columns == ["posting_id", *KINDS]
    assert frame["colour"].to_list() == [["black"], []]
    assert frame["size"].to_list() == [["xl"], []]
    assert read_attributes([]).frame([]).shape == (0, 1 + len(KINDS))


def test_aspects_keep_apart_what_cannot_contradict() -> None:
    values = read("measure", "drill 18V 50W")[0]
    assert {aspect(value) for value in values} == {"v", "w"}
    assert aspect("ram: 8 gb") != aspect("8 gb")


WORDS = st.sampled_from(
    "black 黑 手机壳 for untuk iphone 14 pro wh-1000xm5 wh1000 xm5 400g 2pcs x + with size_xl"
    " l case 205/55 r16 i5-3320m เคส สีดำ"
    " ブラック f/1.8 orange tee [sku1] ( ) , - 8gb 1024gb king duvet".split()
)
TITLES = st.lists(WORDS, max_size=12).map(" ".join) | st.text(max_size=60)


# The first call reads the word lists.
@settings(deadline=None)
@given(st.lists(TITLES, max_size=6))
def test_any_text_is_read_and_order_does_not_matter(raw: list[str]) -> None:
    titles = list(map(normal_title, raw))
    there = read_attributes(titles).values
    back = read_attributes(titles[::-1]).values
    for kind in KINDS:
        assert list(there[kind]) == list(back[kind])[::-1]
        assert all(list(one) == sorted(set(one)) and "" not in one for one in there[kind])


@settings(deadline=None)
@given(st.lists(st.text(max_size=40) | st.none(), min_size=1, max_size=3), st.text(max_size=12))
def test_any_column_is_read(cells: list[str | None], name: str) -> None:
    for column in (name, "color", "size", "ram", "weight", "model", "quantity"):
        read_attributes([""] * len(cells), {column: cells}, brands=cells)


def test_time_grows_with_length() -> None:
    title = normal_title("black 手机壳 wh-1000xm5 for iphone 14 pro 400g " * 40)
    began = time.perf_counter()
    read_attributes([title] * 20)
    short = time.perf_counter() - began
    began = time.perf_counter()
    read_attributes([title * 4] * 20)
    assert time.perf_counter() - began < 12 * short + 0.1


def test_a_word_for_model_is_no_name_of_one_in_any_language() -> None:
    titles = [f"Ryobi {word} 326" for word in ("modèle", "Modell", "modelo", "modello", "model")]
    assert read("model", *titles) == [()] * 5
