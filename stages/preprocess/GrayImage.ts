/** One channel of an image: `pixels[y * width + x]`, 0 (black) to 255 (white). */
export interface GrayImage {
  readonly width: number
  readonly height: number
  readonly pixels: Float32Array
}

/** The image with black and white exchanged. Exact for whole gray levels. */
export const negative = ({ height, pixels, width }: GrayImage): GrayImage => ({
  width,
  height,
  pixels: pixels.map((value) => 255 - value),
})

/** The value below which the share `share` of `values` lies. */
export const quantile = (values: ArrayLike<number>, share: number): number => {
  const sorted = Float32Array.from(values).sort()
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]
}

/**
 * The mean over squares of 2·radius + 1 pixels, cut at the edges. A running sum, so the time does not depend on the
 * radius.
 */
export const boxBlur = (image: GrayImage, radius: number): GrayImage => {
  const { height, width } = image
  if (radius < 1) return image
  const blurLines = (from: Float32Array, lines: number, length: number, step: number, stride: number) => {
    const to = new Float32Array(from.length)
    for (let line = 0; line < lines; line++) {
      const start = line * stride
      let sum = 0
      let count = 0
      for (let i = 0; i < Math.min(radius, length); i++) {
        sum += from[start + i * step]
        count++
      }
      for (let i = 0; i < length; i++) {
        if (i + radius < length) {
          sum += from[start + (i + radius) * step]
          count++
        }
        to[start + i * step] = sum / count
        if (i - radius >= 0) {
          sum -= from[start + (i - radius) * step]
          count--
        }
      }
    }
    return to
  }
  const rows = blurLines(image.pixels, height, width, 1, width)
  return { width, height, pixels: blurLines(rows, width, height, width, 1) }
}

/** The pixels from (left, top), included, to (right, bottom), excluded. */
export const crop = (
  image: GrayImage,
  box: { readonly left: number; readonly top: number; readonly right: number; readonly bottom: number },
): GrayImage => {
  const width = box.right - box.left
  const height = box.bottom - box.top
  const pixels = new Float32Array(width * height)
  for (let y = 0; y < height; y++) {
    const from = (box.top + y) * image.width + box.left
    pixels.set(image.pixels.subarray(from, from + width), y * width)
  }
  return { width, height, pixels }
}
