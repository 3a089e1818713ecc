//! Checksums of PNG, ZIP and OGG.

/// Returns the CRC-32 of PNG and ZIP.
pub(super) fn png(data: &[u8]) -> u32 {
    !data.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(
            crc ^ u32::from(*byte),
            |crc, _| {
                if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 }
            },
        )
    })
}

/// Returns the CRC-32 of OGG: most significant bit first, beginning with zero.
pub(super) fn ogg(data: &[u8]) -> u32 {
    data.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte) << 24, |crc, _| {
            if crc >> 31 == 1 { (crc << 1) ^ 0x04c1_1db7 } else { crc << 1 }
        })
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn checksums_are_the_standard_ones() {
        assert_eq!(super::png(b"123456789"), 0xcbf4_3926);
        assert_eq!(super::ogg(b"123456789"), 0x89a1_897f);
    }
}
