/** What makes the preparation of an image doubtful: a word for programs -> words for people. */
const texts = {
  touchesBorder: "touches the border",
  otherMarks: "other marks in the image",
  severalParts: "several parts",
  linesRemoved: "lines removed",
  frameLeft: "may contain a frame",
} as const

export type Doubt = keyof typeof texts

export const doubtText = (doubt: Doubt): string => texts[doubt]
