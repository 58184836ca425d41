"""Who is at Wikidata, and which files Commons has of them; what each file truly is stands beside it."""

import hashlib
import io
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageOps

from celeb_ops.recognition.local.detector import find_faces

ACTOR, SINGER, POLITICIAN, ASTRONAUT, PLUMBER = "Q33999", "Q177220", "Q82955", "Q11631", "Q252924"
COUNTRIES = {"US": "Q30", "GB": "Q145"}


@dataclass
class File:
    """A file at Commons."""

    title: str
    content: bytes
    truth: str = "right"
    """``right``, or what it is: stranger, group, statue, drawing, duplicate, no face, tiny, not a picture."""
    mime: str = "image/jpeg"
    author: str = '<a href="//commons.wikimedia.org/wiki/User:Ann">Ann <b>Other</b></a>'
    licence: str = "CC BY-SA 4.0"
    licence_url: str = "https://creativecommons.org/licenses/by-sa/4.0"
    categories: tuple[str, ...] = ()

    @property
    def sha1(self) -> str:
        return hashlib.sha1(self.content).hexdigest()


@dataclass
class Human:
    """An item of Wikidata."""

    qid: str
    name: str
    sitelinks: int
    image: str | None
    category: str | None = None
    aliases: tuple[str, ...] = ()
    occupations: tuple[str, ...] = (ACTOR,)
    country: str = "US"
    died: str | None = None
    instance: str = "Q5"
    description: str = "a person"
    linked: bool = False
    """The category is known by the link to Commons, not by a claim."""


@dataclass
class World:
    """All of it. Tests change it as people at Wikidata would."""

    humans: dict[str, Human] = field(default_factory=dict)
    files: dict[str, File] = field(default_factory=dict)
    """By title, ``File:…``."""
    categories: dict[str, list[str]] = field(default_factory=dict)
    """Titles by category, without ``Category:``."""
    redirects: dict[str, str] = field(default_factory=dict)
    """Items that were merged into another one, and files that were renamed."""

    def add(self, file: File, category: str | None = None) -> str:
        self.files[file.title] = file
        if category:
            self.categories.setdefault(category, []).append(file.title)
        return file.title

    def human(self, qid: str, name: str, sitelinks: int, image: str | None, **more: object) -> Human:
        one = Human(qid, name, sitelinks, image, **more)
        self.humans[qid] = one
        return one


class Maker:
    """The first world, of photos of real people."""

    def __init__(self, faces: Path) -> None:
        self._faces = faces
        self.world = World()

    def make(self) -> World:
        known = ["Barack Obama", "Joe Biden", "Kit Harington", "Rose Leslie", "Simon Helberg", "Kevin Sussman"]
        for number, name in enumerate(known):
            self._person(f"Q{100 + number}", name, 150 - 10 * number, POLITICIAN if number < 2 else ACTOR)
        self._odd_people()
        return self.world

    def _person(self, qid: str, name: str, sitelinks: int, occupation: str) -> None:
        photos = [self._photo(path) for path in self._paths(name)]
        usable = [photo for photo in photos if _face_side(photo) >= 50]
        world, category = self.world, name
        titles = [
            world.add(File(f"File:{name} {number}.jpg", _jpeg(photo), "right"), category)
            for number, photo in enumerate(usable)
        ]
        stranger = self._strangers[int(qid[1:]) % 12]
        main = usable[0]
        plant = [
            (f"File:{name} at the premiere.jpg", _jpeg(stranger), "stranger", "image/jpeg", ()),
            (f"File:{name} with a friend.jpg", _jpeg(_beside(main, stranger)), "group", "image/jpeg", ()),
            (f"File:{name} bust.jpg", _jpeg(_bronze(main)), "statue", "image/jpeg", (f"Busts of {name}",)),
            (f"File:{name} in the park.jpg", _jpeg(_bronze(usable[-1])), "statue", "image/jpeg", ("Parks",)),
            (f"File:{name} drawing.jpg", _jpeg(_drawn(main)), "drawing", "image/jpeg", ()),
            (f"File:{name} (2).jpg", _jpeg(_drawn(usable[-1])), "drawing", "image/jpeg", ()),
            (f"File:{name} cropped.jpg", _jpeg(_again(main), 60), "duplicate", "image/jpeg", ()),
            (f"File:{name} from afar.jpg", _jpeg(_afar(main)), "tiny", "image/jpeg", ()),
            (f"File:House of {name}.jpg", _jpeg(_landscape()), "no face", "image/jpeg", ()),
            (f"File:{name} speech.webm", b"webm" + qid.encode(), "not a picture", "video/webm", ()),
            (f"File:{name} letter.pdf", b"%PDF" + qid.encode(), "not a picture", "application/pdf", ()),
            (f"File:{name} signature.svg", b"<svg/>" + qid.encode(), "not a picture", "image/svg+xml", ()),
        ]
        for title, content, truth, mime, categories in plant:
            world.add(File(title, content, truth, mime, categories=categories), category)
        world.human(
            qid,
            name,
            sitelinks,
            titles[0],
            category=category,
            aliases=(f"{name} II", f"{name.split()[0]} the Great"),
            occupations=(occupation,),
            linked=name == "Kit Harington",
            country="GB" if name in {"Kit Harington", "Rose Leslie"} else "US",
        )

    def _odd_people(self) -> None:
        world = self.world
        clear = self._strangers
        # Their picture shows one person, their category another.
        image = world.add(File("File:Mixed Up.jpg", _jpeg(clear[13]), "stranger"))
        for number, path in enumerate(self._paths("Simon Helberg")[:3]):
            world.add(File(f"File:Mixed Up {number}.jpg", _jpeg(self._photo(path)), "stranger"), "Mixed Up")
        world.human("Q200", "Mixed Up", 95, image, category="Mixed Up")
        image = world.add(File("File:A lake.jpg", _jpeg(_landscape()), "no face"))
        world.human("Q201", "Camera Shy", 94, image)
        # Two people of one name.
        for qid, sitelinks, photo in (("Q202", 93, clear[14]), ("Q203", 92, clear[19])):
            world.human(qid, "John Smith", sitelinks, world.add(File(f"File:Smith {qid}.jpg", _jpeg(photo))))
        died_lately = world.add(File("File:Late.jpg", _jpeg(clear[16])))
        world.human("Q204", "Died Lately", 91, died_lately, died="2024-05-01T00:00:00Z", occupations=(SINGER,))
        long_ago = world.add(File("File:Long ago.jpg", _jpeg(clear[17])))
        world.human("Q205", "Died Long Ago", 190, long_ago, died="1980-05-01T00:00:00Z")
        plumber = world.add(File("File:Plumber.jpg", _jpeg(clear[18])))
        world.human("Q206", "Private Person", 180, plumber, occupations=(PLUMBER,))
        dog = world.add(File("File:Dog.jpg", _jpeg(_landscape(9))))
        world.human("Q207", "Famous Dog", 170, dog, instance="Q144")

    @cached_property
    def _strangers(self) -> list[Image.Image]:
        """Photos of one clear face each, of somebody who is no other one's stranger."""
        photos = [self._photo(path) for path in self._paths("_unknown")]
        return [photo for photo in photos if _face_side(photo) >= 60]

    def _paths(self, name: str) -> list[Path]:
        return sorted(path for path in (self._faces / name).iterdir() if path.suffix in {".jpg", ".jpeg", ".png"})

    def _photo(self, path: Path) -> Image.Image:
        with Image.open(path) as image:
            photo = ImageOps.exif_transpose(image).convert("RGB")
        photo.thumbnail((900, 900))
        return photo


@cache
def thumbnail(content: bytes, width: int) -> bytes:
    """A picture at a width, if it is no smaller."""
    with Image.open(io.BytesIO(content)) as image:
        photo = image.convert("RGB")
    if photo.width > width:
        photo = photo.resize((width, round(photo.height * width / photo.width)), Image.Resampling.LANCZOS)
    return _jpeg(photo)


def _jpeg(image: Image.Image, quality: int = 90) -> bytes:
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return out.getvalue()


def _face_side(photo: Image.Image) -> int:
    """Of the largest face, where any other is in the background; in px at 500 px of width."""
    small = photo.copy()
    small.thumbnail((500, 10_000))
    sides = sorted((face.box.width for face in find_faces(np.asarray(small))), reverse=True)
    return sides[0] if sides and all(side < 0.3 * sides[0] for side in sides[1:]) else 0


def _beside(one: Image.Image, other: Image.Image) -> Image.Image:
    height = 400
    both = [photo.resize((round(photo.width * height / photo.height), height)) for photo in (one, other)]
    wide = Image.new("RGB", (sum(photo.width for photo in both), height))
    wide.paste(both[0], (0, 0))
    wide.paste(both[1], (both[0].width, 0))
    return wide


def _bronze(photo: Image.Image) -> Image.Image:
    return ImageOps.colorize(photo.convert("L"), (20, 10, 0), (230, 180, 110))


def _drawn(photo: Image.Image) -> Image.Image:
    return ImageOps.posterize(photo.filter(ImageFilter.MedianFilter(7)), 2)


def _again(photo: Image.Image) -> Image.Image:
    width, height = photo.size
    return photo.crop((width * 3 // 100, height * 3 // 100, width * 97 // 100, height * 97 // 100))


def _afar(photo: Image.Image) -> Image.Image:
    wide = _landscape()
    small = photo.copy()
    small.thumbnail((60, 60))
    wide.paste(small, (300, 200))
    return wide


def _landscape(seed: int = 1) -> Image.Image:
    hills = Image.new("RGB", (700, 500), (150, 190, 230))
    draw = ImageDraw.Draw(hills)
    for number in range(5):
        x = (seed * 97 + number * 163) % 600
        draw.polygon([(x - 200, 500), (x, 250 + 20 * number), (x + 260, 500)], (40 + 20 * number, 110, 60))
    return hills
