//! Small sounds of a chosen duration. Those in OGG and MP3 are silence, the WAV is a tone.

use super::crc;

/// Samples that an Opus decoder skips at the start.
const PRE_SKIP: u16 = 312;
/// Samples of an Opus frame of 20 ms.
const FRAME: u64 = 960;
/// Packets of a page: one second.
const PAGE_PACKETS: usize = 50;

/// Returns an OGG file with this many seconds of silence in Opus, like a voice note.
pub fn ogg(seconds: u32) -> Vec<u8> {
    let mut head = b"OpusHead\x01\x01".to_vec();
    head.extend(PRE_SKIP.to_le_bytes());
    head.extend(48_000_u32.to_le_bytes());
    head.extend([0; 3]);
    let tags = b"OpusTags\x0a\0\0\0playground\0\0\0\0";
    let mut file = Vec::new();
    page(&mut file, 2, 0, 0, &[&head]);
    page(&mut file, if seconds == 0 { 4 } else { 0 }, 0, 1, &[tags]);
    // A frame of 20 ms that tells the decoder to be silent.
    let packets = [[0xf8, 0xff, 0xfe].as_slice(); PAGE_PACKETS];
    for second in 1..=seconds {
        let position = u64::from(second) * PAGE_PACKETS as u64 * FRAME + u64::from(PRE_SKIP);
        page(&mut file, if second == seconds { 4 } else { 0 }, position, second + 1, &packets);
    }
    file
}

fn page(file: &mut Vec<u8>, flags: u8, position: u64, number: u32, packets: &[&[u8]]) {
    let mut page = vec![b'O', b'g', b'g', b'S', 0, flags];
    page.extend(position.to_le_bytes());
    page.extend(0x5741_5645_u32.to_le_bytes());
    page.extend(number.to_le_bytes());
    page.extend([0; 4]);
    let lengths: Vec<u8> = packets.iter().filter_map(|packet| u8::try_from(packet.len()).ok()).collect();
    page.push(u8::try_from(lengths.len()).unwrap_or(u8::MAX));
    page.extend(lengths);
    page.extend(packets.concat());
    let sum = crc::ogg(&page).to_le_bytes();
    page[22..26].copy_from_slice(&sum);
    file.extend(page);
}

/// Returns a WAV file with this many seconds of a tone of 250 Hz: 8,000 samples per second, 8 bits, mono.
pub fn wav(seconds: u32) -> Vec<u8> {
    let length = seconds * 8_000;
    let mut file = b"RIFF".to_vec();
    file.extend((length + 36).to_le_bytes());
    file.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    file.extend(8_000_u32.to_le_bytes());
    file.extend(8_000_u32.to_le_bytes());
    file.extend(b"\x01\0\x08\0data");
    file.extend(length.to_le_bytes());
    file.extend((0..length).map(|at| if at % 32 < 16 { 118 } else { 138 }));
    file
}

/// Returns an MP3 file with this many seconds of silence, to the next frame of 36 ms.
pub fn mp3(seconds: u32) -> Vec<u8> {
    // 32 kbit/s, 32,000 samples per second, mono: 144 bytes a frame.
    let frames = (f64::from(seconds) / 0.036).round();
    let mut frame = b"\xff\xfb\x18\xc0".to_vec();
    frame.resize(144, 0);
    let mut file = Vec::new();
    while f64::from(u32::try_from(file.len() / 144).unwrap_or(u32::MAX)) < frames {
        file.extend(&frame);
    }
    file
}

/// Returns the headers of an MP4 file with a sound track of this many seconds, without its frames.
pub fn mp4(seconds: u32) -> Vec<u8> {
    movie(seconds, *b"soun")
}

/// Returns the headers of an MP4 file of this many seconds that has pictures only, without its frames.
pub fn silent_mp4(seconds: u32) -> Vec<u8> {
    movie(seconds, *b"vide")
}

fn movie(seconds: u32, handler: [u8; 4]) -> Vec<u8> {
    let mut times = vec![0; 12];
    times.extend(1_000_u32.to_be_bytes());
    times.extend((seconds * 1_000).to_be_bytes());
    let movie_header = [times.clone(), b"\0\x01\0\0\x01\0".to_vec(), vec![0; 74]].concat();
    let track_header = [vec![0, 0, 0, 7], vec![0; 8], vec![0, 0, 0, 1], vec![0; 68]].concat();
    let media_header = [times, vec![0x55, 0xc4, 0, 0]].concat();
    let handler = [[0; 8].as_slice(), &handler, &[0; 13]].concat();
    let media = [atom(*b"mdhd", &media_header), atom(*b"hdlr", &handler)].concat();
    let track = [atom(*b"tkhd", &track_header), atom(*b"mdia", &media)].concat();
    let movie = [atom(*b"mvhd", &movie_header), atom(*b"trak", &track)].concat();
    [atom(*b"ftyp", b"isom\0\0\x02\0isommp41"), atom(*b"moov", &movie)].concat()
}

fn atom(kind: [u8; 4], body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 8).unwrap_or(u32::MAX);
    [&length.to_be_bytes(), kind.as_slice(), body].concat()
}
