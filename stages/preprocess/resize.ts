/**
 * Pads an image to the size of the dataset's images: (image decoded to fit, shape) -> [height, width, channels] bytes.
 *
 * The aspect ratio stays. The margins have the colour of the image's border.
 */
export interface Fitted {
  readonly width: number
  readonly height: number
  readonly data: Uint8Array
}

/** The median of the border's pixels in each channel. */
const borderColour = ({ data, height, width }: Fitted, channels: number) =>
  Array.from({ length: channels }, (_, channel) => {
    const border: Array<number> = []
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        if (x === 0 || y === 0 || x === width - 1 || y === height - 1)
          border.push(data[(y * width + x) * channels + channel])
      }
    }
    return border.sort((a, b) => a - b)[border.length >> 1]
  })

export const pad = (
  fitted: Fitted,
  [height, width, channels]: readonly [number, number, number],
  /** For a dataset of light objects on black: an image with a light border is inverted. */
  darkGround: boolean,
): Uint8Array => {
  const ground = borderColour(fitted, channels)
  const invert = darkGround && ground.every((value) => value > 127)
  const left = Math.floor((width - fitted.width) / 2)
  const top = Math.floor((height - fitted.height) / 2)
  const row = fitted.width * channels
  const out = Uint8Array.from({ length: height * width * channels }, (_, i) => ground[i % channels])
  for (let y = 0; y < fitted.height; y++) {
    out.set(fitted.data.subarray(y * row, (y + 1) * row), ((top + y) * width + left) * channels)
  }
  return invert ? out.map((value) => 255 - value) : out
}
