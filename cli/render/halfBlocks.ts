/**
 * An image in a terminal: ([height, width, channels] bytes) -> lines of two pixel rows each. A character is an upper half
 * block (▀) with the upper pixel as its foreground colour and the lower one as its background. Without colours, pixels brighter
 * than half are filled.
 */
export const halfBlocks = (
  pixels: Uint8Array,
  [height, width, channels]: readonly [number, number, number],
  colours: boolean,
): string => {
  /** Red, green, blue; black below the image. */
  const colour = (x: number, y: number) => {
    const at = (y * width + x) * channels
    const byte = (channel: number) => (y < height ? pixels[at + (channels === 3 ? channel : 0)] : 0)
    return [byte(0), byte(1), byte(2)] as const
  }
  const bright = (x: number, y: number) => (colour(x, y)[0] + colour(x, y)[1] + colour(x, y)[2] > 381 ? 1 : 0)
  const lines: Array<string> = []
  for (let y = 0; y < height; y += 2) {
    let line = ""
    for (let x = 0; x < width; x++) {
      line += colours
        ? `\u001B[38;2;${colour(x, y).join(";")};48;2;${colour(x, y + 1).join(";")}m▀`
        : [" ", "▄", "▀", "█"][2 * bright(x, y) + bright(x, y + 1)]
    }
    lines.push(colours ? `${line}\u001B[0m` : line)
  }
  return lines.join("\n")
}
