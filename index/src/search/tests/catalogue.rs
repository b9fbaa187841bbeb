//! An invented catalogue. Artist | title | year | types | label | catno | media | format | encoding.

use super::link;
use crate::entry::link::{Edition, Link};

const GROUPS: &str = "
The Salt Cartographers | Maps of Low Water | 1994 | Album | Ninth Harbour | NHR 014 | CD | FLAC | Lossless
The Salt Cartographers | Soundings | 1996 | Album | Ninth Harbour | NHR 021 | CD | FLAC | Lossless
The Salt Cartographers | The Wall of Weed | 1999 | Album,Live | Ninth Harbour | NHR 030 | Vinyl | FLAC | 24bit Lossless
The Salt Cartographers | The Salt Cartographers | 1991 | EP | Ninth Harbour | NHR 003 | Cassette | MP3 | V0 (VBR)
Low Water Choir | Maps | 2001 | Album | Tidal Archive | TA-7 | CD | MP3 | 320
Low Water Choir | Low Water Choir Sings the Maps of the Salt Cartographers | 2004 | Album | Tidal Archive | TA-12 | WEB | MP3 | 320
Tribute Orchestra | Maps of Low Water | 2010 | Album,Compilation | Copyright Free | CF100 | WEB | FLAC | Lossless
Sigrún Órós | Ágætis Nótt | 1999 | Album | Ísland Hljóð | ÍH 01 | CD | FLAC | Lossless
Sigrún Órós | ( ) | 2002 | Album | Ísland Hljóð | ÍH 02 | CD | FLAC | Lossless
Sigrún Órós | Hvarf & Heim | 2007 | Album | Ísland Hljóð | ÍH 05 | Vinyl | FLAC | 24bit Lossless
AM/PM | Amps on Fire | 1978 | Album | Voltage | V-78 | Vinyl | FLAC | Lossless
AM/PM | Low Voltage | 1980 | Album | Voltage | V-80 | Vinyl | MP3 | V0 (VBR)
AM Radio | PM | 2005 | EP | Dial | D1 | WEB | MP3 | 320
Nails N' Petals | Appetite for Gravel | 1987 | Album | Quarry | Q87 | CD | FLAC | Lossless
Nails N' Petals | Use Your Shovel I | 1991 | Album | Quarry | Q91 | CD | FLAC | Lossless
!!! | Louden Down Now | 2004 | Album | Warble | W1 | CD | FLAC | Lossless
!!! | !!! | 2001 | Album | Warble | W0 | CD | MP3 | 320
Panic! In the Greenhouse | A Fever You Can Water | 2005 | Album | Glasshouse | GH5 | CD | MP3 | 320
A | A | 1997 | Single | One Letter | A-1 | CD | FLAC | Lossless
Q | Z | 1998 | Single | One Letter | A-2 | CD | FLAC | Lossless
R.A.M. | Automatic for Nobody | 1992 | Album | Athens Tapes | AT9 | CD | FLAC | Lossless
The The Tide | Dusk Till Noon | 1993 | Album | Epoch | E9 | CD | FLAC | Lossless
Harbour & Tide | Parsley, Thyme | 1966 | Album | Columbine | CB 1 | Vinyl | FLAC | Lossless
Harbour and Sons | Family Album | 1967 | Album | Columbine | CB 2 | Vinyl | FLAC | Lossless
Blackbirders | Sunflower Engines | 1971 | Album | Meadow | M71 | Vinyl | FLAC | Lossless
Blackbirders | Sun and Flower | 1973 | Album | Meadow | M73 | Vinyl | FLAC | Lossless
Radiofoot | Paranoid Cyborg | 1997 | Single | Parlour | P97 | CD | FLAC | Lossless
Radiofoot | Kid B | 2000 | Album | Parlour | P00 | CD | FLAC | Lossless
Radiofoot | In Bows | 2007 | Album | Self | S07 | WEB | MP3 | 320
Radiotherapy | Kidney | 2003 | Album | Clinic | C03 | CD | MP3 | 320
Motör Ämpel | Ace of Lanes | 1980 | Album | Brönze | B80 | Vinyl | FLAC | Lossless
Björn Skráp | Posthumous | 1997 | Album | One Little Hen | OLH 1 | CD | FLAC | Lossless
Łucja Żuraw | Pieśni Zimowe | 2012 | Album | Wisła | WS 3 | CD | FLAC | Lossless
Đặng Mưa | Đêm Hà Nội | 2015 | Album | Sông Hồng | SH 9 | WEB | FLAC | Lossless
Кинотеатр | Группа Тьмы | 1988 | Album | Мелодика | М-88 | Vinyl | FLAC | Lossless
Кинотеатр | Звезда по имени Йод | 1989 | Album | Мелодика | М-89 | Vinyl | FLAC | Lossless
Ёлки | Зимний Вечер | 1990 | Album | Мелодика | М-90 | Vinyl | MP3 | 320
Μάνος Ναύτης | Όλα τα Νησιά | 1972 | Album | Θάλασσα | Θ72 | Vinyl | FLAC | Lossless
東京塩湖 | 群青列車 | 1998 | Album | 青空 | AZ-1 | CD | FLAC | Lossless
東京塩湖 | 海 | 2001 | Album | 青空 | AZ-2 | CD | FLAC | Lossless
京都砂丘 | 東の海 | 2003 | Album | 青空 | AZ-3 | CD | FLAC | Lossless
ゆらめき帝都 | 空洞ラジオ | 2007 | Album | 青空 | AZ-4 | CD | FLAC | Lossless
X塩 | 紅いSEA | 1989 | Album | 青空 | AZ-5 | CD | MP3 | 320
소금지도 | 낮은 물의 지도 | 2010 | Album | 파도 | P-1 | WEB | FLAC | Lossless
แผนที่เกลือ | น้ำลง | 2014 | Album | ทะเล | T-1 | WEB | FLAC | Lossless
नमक के नक्शे | धीमा पानी | 2011 | Album | सागर | S-1 | CD | FLAC | Lossless
فرقة الملح | خرائط الماء | 2009 | Album | البحر | B-1 | CD | FLAC | Lossless
Ka$ha Tin | A$AP Harbour | 2010 | Single | Mint | $1 | WEB | MP3 | 320
Prince of Tides | Violet Rain | 1984 | Album | Paisley Moor | PM4 | Vinyl | FLAC | Lossless
Violet | Prince | 1985 | Album | Paisley Moor | PM5 | Vinyl | FLAC | Lossless
Violet | Rain | 1986 | Single | Paisley Moor | PM6 | Vinyl | FLAC | Lossless
Live Wire Club | Studio Hours | 1995 | Album | Dial | D95 | CD | FLAC | Lossless
Dead Reckoning | 1994 | 2019 | Album | Ninth Harbour | NHR 094 | WEB | FLAC | Lossless
Gramophone Weather | Barometer | 1994 | Album | Lighthouse Tapes | LT4 | Cassette | MP3 | V2 (VBR)
Gramophone Weather | Barometers | 1996 | Single | Lighthouse Tapes | LT5 | Cassette | MP3 | V2 (VBR)
Gramaphone | Whether | 1999 | Album | Lighthouse | LT6 | CD | MP3 | V2 (VBR)
Various Artists | Songs of the Lighthouse Keepers, Volume 2 | 1989 | Album,Compilation | Lighthouse Tapes | LT 20 | CD | FLAC | Lossless
Various Artists | Songs of the Lighthouse Keepers, Volume 1 | 1988 | Album,Compilation | Lighthouse Tapes | LT 10 | CD | FLAC | Lossless
Don't Sink | We'll Float | 2008 | Album | Cork | CK 8 | CD | FLAC | Lossless
L'Îlot | L'Été d'Or | 1979 | Album | Rivage | RV 79 | Vinyl | FLAC | Lossless
";

/// One link for each group.
pub fn links() -> Vec<Link> {
    let lines = GROUPS.lines().filter(|line| !line.is_empty());
    lines
        .zip(1..)
        .map(|(line, number)| {
            let fields: Vec<&str> = line.split('|').map(str::trim).collect();
            let [artist, title, year, types, label, catno, media, format, encoding] = fields[..] else {
                panic!("{line}");
            };
            Link {
                year: year.parse().ok(),
                types: types.split(',').map(String::from).collect(),
                media: Some(media.into()),
                format: Some(format.into()),
                encoding: Some(encoding.into()),
                edition: Edition {
                    label: Some(label.into()),
                    catno: Some(catno.into()),
                    barcode: Some(format!("50 {number:010}")),
                    ..Edition::default()
                },
                ..link(number, artist, title)
            }
        })
        .collect()
}
