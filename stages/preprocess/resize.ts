/**
 * An image of anything -> an image of the dataset's size: (decoded to fit, shape) -> [height, width, channels] bytes.
 *
 * Keeps its aspect; what is missing at the sides has the colour of its border.
 */
export interface Fitted {
  readonly width: number
  readonly height: number
  readonly data: Uint8Array
}

/** The median of the border's pixels, by channel. */
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
  /** For a dataset of light things on black: a light border makes it a negative. */
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
