"""Pages that stand in for a site's own, with status 200: by kind one, and three more in other languages."""

from __future__ import annotations

LOGO = "<img src=/picture/336699/240x80.png>"


def page(title: str, body: str, head: str = "") -> str:
    return (
        f"<!doctype html><html><head><meta charset=utf-8><title>{title}</title>{head}</head><body>{body}</body></html>"
    )


def login(title: str, name: str, password: str, enter: str, links: str) -> str:
    """A form, and the links that stand below such forms."""
    anchors = " ".join(f"<a href='/account/{n}'>{text}</a>" for n, text in enumerate(links.split("|")))
    fields = f"<label>{name} <input name=user></label><label>{password} <input type=password name=word></label>"
    return page(title, f"{LOGO}<h1>{title}</h1><form method=post>{fields}<button>{enter}</button></form>{anchors}")


def listing(title: str, parent: str, names: str, row: str = "<a href='{0}'>{0}</a> 2026-11-02 10:14 {1}K<br>") -> str:
    rows = "".join(row.format(name, 7 * n + 3) for n, name in enumerate(names.split()))
    return page(title, f"<h1>{title}</h1><hr><pre><a href='../'>{parent}</a>\n{rows}</pre><hr>")


def parked(title: str, words: str, links: str) -> str:
    anchors = "".join(
        f"<li><a href='http://localhost:9/search?q={n}'>{text}</a>" for n, text in enumerate(links.split("|"))
    )
    return page(title, f"<h2>{title}</h2><p>{words}<ul>{anchors}</ul><a href='http://localhost:9/policy'>Privacy</a>")


STAND_INS: dict[str, tuple[str, str, str, str]] = {
    "sign-in": (
        login("Sign in", "E-mail", "Password", "Go on", "Forgot your password?|Create an account|Terms of use|Privacy"),
        login("Anmelden", "Benutzername", "Kennwort", "Weiter", "Kennwort vergessen?|Registrieren|Impressum|Hilfe"),
        login(
            "ログイン", "メールアドレス", "パスワード", "ログインする", "パスワードをお忘れですか|新規会員登録|利用規約"
        ),
        login("تسجيل الدخول", "البريد الإلكتروني", "كلمة المرور", "دخول", "هل نسيت كلمة المرور؟|إنشاء حساب|الشروط"),
    ),
    "region": (
        page(
            "Not here",
            "<h1>We can't show you this site</h1><p>You seem to be in a country whose privacy law we do not serve yet. "
            "We are looking for a way. Readers who travel may write to desk@gossip.example.",
        ),
        page(
            "Indisponible",
            "<h1>Ce contenu n'est pas proposé dans votre pays</h1><p>Pour des raisons de droits, nos pages ne sont "
            "visibles qu'en Amérique du Nord. Nous vous prions de nous excuser. <a href='/contact'>Nous écrire</a>",
        ),
        page(
            "Недоступно",
            f"{LOGO}<h1>Сайт недоступен в вашем регионе</h1><p>По решению владельца материалы открываются только из "
            "некоторых стран. Если вы считаете, что это ошибка, обратитесь в службу поддержки.",
        ),
        page(
            "Μη διαθέσιμο",
            "<div><h2>Το περιεχόμενο δεν είναι διαθέσιμο στη χώρα σας</h2><p>Λυπούμαστε για την ταλαιπωρία.</p></div>"
            "<p>Μπορείτε να επικοινωνήσετε μαζί μας στο τηλέφωνο 210 555 0100 κάθε εργάσιμη ημέρα από τις εννέα το "
            "πρωί έως τις πέντε το απόγευμα, ή να μας γράψετε.</p>",
        ),
    ),
    "maintenance": (
        page(
            "Back soon",
            "<h1>We are moving house</h1><p>Our pages are being carried "
            "to new machines, and will be here again tonight. "
            "Until then you find us on the networks.<p id=left>02:14:07 left"
            "<a href='http://localhost:9/social'>Follow us</a>",
        ),
        page(
            "Volvemos enseguida",
            f"{LOGO}<h1>Estamos mejorando la web</h1><p>El portal estará cerrado durante unas horas. Disculpen las "
            "molestias y gracias por su paciencia.<p>Quedan 3 h 12 min",
            "<meta http-equiv=refresh content=30>",
        ),
        page(
            "系统维护中",
            "<h1>网站正在升级维护</h1><p>为了给您提供更好的服务，我们正在对系统进行升级，预计今晚十点恢复访问。"
            "给您带来的不便，敬请谅解。如有紧急情况，请拨打客服电话，或者给我们发送邮件，我们会尽快回复您。"
            "感谢您一直以来对我们的支持与理解。" * 2,
        ),
        page(
            "रखरखाव",
            "<h1>वेबसाइट पर काम चल रहा है</h1><p>हम अपनी सेवा को बेहतर बना रहे हैं और जल्द ही वापस आएँगे। असुविधा के लिए हमें खेद है। "
            "कृपया कुछ समय बाद फिर से आएँ। तब तक आप हमें सोशल मीडिया पर देख सकते हैं या हमें ईमेल लिख सकते हैं।",
        ),
    ),
    "proof of work": (
        page(
            "One moment",
            "<center><h1>Your browser is being looked at</h1><img "
            "src=/picture/ffffff/256x256.png><p>Working...<details>"
            "<summary>What is this?</summary><p>Programs that gather pages "
            "by the million wear this server out. So each "
            "browser has to find a number first, which takes some seconds.</details>",
        ),
        page(
            "Bitte warten",
            "<h1>Ihr Browser rechnet</h1><img src=/picture/ffffff/256x256.png><p id=status>Schwierigkeit 4, bisher "
            "12.000 Versuche je Sekunde</p><p>Diese Seite schützt den Server vor Programmen, die massenhaft abrufen. "
            "Geschützt durch <a href='http://localhost:9/'>Wächter</a>.",
            "<meta name=robots content='noindex, nofollow'>",
        ),
        page(
            "โปรดรอสักครู่",
            "<div class=spinner></div><p>กำลังตรวจสอบเบราว์เซอร์ของคุณก่อนเข้าสู่เว็บไซต์ กระบวนการนี้เป็นไปโดยอัตโนมัติ "
            "และจะใช้เวลาไม่เกินห้าวินาที หากหน้านี้ไม่เปลี่ยนแปลง โปรดเปิดใช้งานจาวาสคริปต์และคุกกี้แล้วลองอีกครั้ง ขอขอบคุณ",
            "<meta http-equiv=refresh content='5; url=/'>",
        ),
        page(
            "Um momento",
            f"{LOGO}<h2>A verificar a ligação</h2><p>O seu navegador está "
            f"a resolver um pequeno problema de cálculo. Isto "
            "demora alguns segundos e acontece apenas uma vez. Não feche "
            "esta janela.<canvas width=300 height=60></canvas>",
        ),
    ),
    "parked": (
        parked(
            "gossip.example", "The owner has set this name aside. Related:", "Star news|Cheap flights|Car loans|Hotels"
        ),
        page(
            "Domena na sprzedaż",
            "<h1>gossip.example</h1><p>Ta domena jest na sprzedaż. Złóż "
            "ofertę, a właściciel odpowie w ciągu doby.<form>"
            "<input name=email placeholder='E-mail'><input name=price "
            "placeholder='Cena'><button>Wyślij</button></form>",
        ),
        parked(
            "Bu alan adı park edildi", "İlgili aramalar:", "Magazin haberleri|Ucuz uçak bileti|Kredi|Oteller|Sigorta"
        ),
        page(
            "도메인 안내",
            f"{LOGO}<h1>이 도메인은 판매 중입니다</h1><p>구매를 원하시면 "
            f"아래 연락처로 문의해 주십시오. 담당자가 확인한 뒤 "
            "이틀 안에 답변해 드립니다. <a href='http://localhost:9/offer'>가격 제안하기</a>",
        ),
    ),
    "suspended": (
        page(
            "Notice",
            "<h1>This account has been closed for now</h1><p>If it is "
            "yours, get in touch with the billing desk of your "
            "host. Visitors can only wait. <a href='http://localhost:9/billing'>Billing</a>",
        ),
        page(
            "Avviso",
            f"{LOGO}<h1>Sito sospeso</h1><p>Lo spazio web è stato sospeso dal fornitore. Il titolare può rivolgersi "
            "all'assistenza per riattivarlo entro trenta giorni.",
        ),
        page(
            "Thông báo",
            "<h2>Tài khoản đã bị tạm ngưng</h2><p>Vui lòng liên hệ với nhà "
            "cung cấp dịch vụ lưu trữ để biết thêm chi tiết "
            "và để khôi phục lại trang web của bạn. Chúng tôi xin lỗi vì sự bất tiện này và mong bạn thông cảm.",
        ),
        page(
            "Увага",
            "<h1>Роботу сайту призупинено</h1><p>Термін оплати хостингу минув. Власникові слід звернутися до служби "
            "підтримки та поповнити рахунок, щоб сторінки знову стали доступними для відвідувачів.",
            "<meta name=robots content=noindex>",
        ),
    ),
    "server default": (
        page(
            "It runs",
            "<h1>The server runs</h1><p>You see this because nobody has put pages here yet. Read on at "
            "<a href='http://localhost:9/docs'>docs.server.example</a>; help is sold at "
            "<a href='http://localhost:9/shop'>server.example</a>.",
        ),
        page(
            "Výchozí stránka",
            f"{LOGO}<h1>Webový server je připraven</h1><p>Tuto stránku nahraďte souborem index.html ve složce "
            "/srv/www. Pokud jste návštěvník, správce stránek zatím nic nezveřejnil, zkuste to prosím později.",
        ),
        page(
            "صفحه پیش‌فرض",
            "<h1>وب‌سرور با موفقیت نصب شد</h1><p>این صفحه را به این دلیل می‌بینید "
            "که هنوز وب‌سایتی روی این سرور قرار نگرفته است. "
            "اگر مدیر سایت هستید، پرونده‌های خود را در پوشه اصلی بگذارید. <a href='http://localhost:9/'>راهنما</a>",
        ),
        page(
            "Standaardpagina",
            "<h1>Deze website is nog leeg</h1><ul><li><a href='http://localhost:9/1'>Bestanden plaatsen</a><li>"
            "<a href='http://localhost:9/2'>E-mail instellen</a><li><a "
            "href='http://localhost:9/3'>Certificaat aanvragen"
            "</a></ul><p>U ziet deze pagina omdat er bij deze naam nog geen bestanden staan.",
        ),
    ),
    "database": (
        page(
            "Trouble",
            "<div><h1>The pages can't be read</h1><p>Connection to db:3306 refused (2002) in boot.php, 31."
            " The site's keeper was told, and will look at it as soon as he is up; that may take until the morning."
            " Nothing is lost: all stories are kept in two places.</div>",
        ),
        page(
            "Erreur",
            "<p>Impossible de joindre la base de données. Les informations de connexion de votre fichier de "
            "configuration sont peut-être incorrectes, ou le serveur ne répond plus. Vérifiez-les, puis réessayez dans "
            "quelques minutes.",
            "<meta name=robots content='noindex, follow'>",
        ),
        page(
            "エラー",
            "<h1>データベースに接続できません</h1><p>サーバーが混み合っているか、設定に誤りがある可能性があります。しばらく"
            "時間をおいてから、もう一度お試しください。問題が続く場合は、管理者までご連絡ください。エラー番号は二〇〇二です。"
            "ご不便をおかけして申し訳ございません。復旧まで今しばらくお待ちくださいますようお願いいたします。記事は失われていませんので、"
            "ご安心ください。最新の状況は、公式アカウントでお知らせしています。",
        ),
        page(
            "Eroare",
            f"{LOGO}<pre>SQLSTATE[HY000] [1040] prea multe conexiuni\n#0 /srv/www/lib/Db.php(88): conectare()\n"
            "#1 /srv/www/lib/App.php(12): Db::porneste()\n#2 /srv/www/index.php(7): App::porneste()</pre>",
        ),
    ),
    "listing": (
        listing("Index of /", "../", "photos/ star-at-the-premiere.jpg interview-with-the-band.mp3 notes.txt old.zip"),
        listing(
            "Verzeichnis von /",
            "Übergeordnetes Verzeichnis",
            " ".join(f"bild-{n:03}.jpg" for n in range(60)),
            "<img src=/icons/image.gif><a href='{0}'>{0}</a> 02-Nov-2026 10:14 {1}K<br>",
        ),
        listing(
            "Katalog",
            "góra",
            "zdjęcia/ gwiazdy-na-czerwonym-dywanie-2026.jpg wywiad-z-aktorką-po-premierze.pdf",
            "<li><a href='{0}'><span>{0}</span><span>{1} KB</span></a>",
        ),
        listing(
            "Hakemisto /", "..", "kuvat/ uutiset/ tähdet-illan-juhlassa-2026-11-02.png varmuuskopio.tar.gz index.php~"
        ),
    ),
}

MENU = "".join(f"<a href='/section/{n}'>Part {n}</a> " for n in range(8))


def stories(titles: str, tail: str = "") -> str:
    return "".join(
        f"<article><h2><a href='/story/{n}'>{title}</a></h2>{tail}</article>"
        for n, title in enumerate(titles.split("|"))
    )


PICTURE = "<a href='/story/0'><img src=/picture/0000ff/300x200.png></a>"
OWN: dict[str, str] = {
    "small": page(
        "Small Town Gossip",
        MENU
        + stories("The mayor's new hat|A band in the barn at last|Who was seen at the fair?|Rain, and a wedding")
        + PICTURE,
    ),
    "words only": page(
        "Plain news",
        "<ul>"
        + "".join(f"<li><a href='/s/{n}'>What the {n}th guest of the gala had to say</a>" for n in range(6))
        + "</ul>",
    ),
    "a box to log in": page(
        "Fans",
        f"<form><input name=u><input type=password></form>{MENU}"
        + stories(
            "The tour begins in the north|The singer thanks her fans|New "
            "record in the spring|Tickets for the last night"
            "|Ten years of the fan club|The drummer has married|A film about the band|Letters of October"
        )
        + PICTURE,
    ),
    "hardly a picture, Japanese": page(
        "芸能ニュース",
        stories("人気俳優が結婚を発表した|新作映画の舞台挨拶に豪華俳優陣が登場|歌手が復帰公演を開催") + PICTURE,
    ),
    "no link at all": page(
        "One long page",
        "".join(
            f"<h2>Seen on day {n}</h2><p>The star walked her dog by the river, and nobody asked her for a thing."
            for n in range(8)
        ),
    ),
    "a story about a check": page(
        "Are you a robot? The star's odd question",
        MENU
        + stories(
            "Are you a robot? she asked|The captcha that stopped a tour|Access denied: the party of the year"
            "|Why her site was offline|The region that hears no songs|Parked: his car, her heart|Sign in, please"
        ),
    ),
}
"""Small, but the site's own."""
