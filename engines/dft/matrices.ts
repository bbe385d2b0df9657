/** The DFT as two matrices, one along the rows and one along the columns: (plan, side) -> matrix. */
import type { DftPlan, Side } from "./plan.ts"

export type Matrix = ReadonlyArray<ReadonlyArray<number>>

/** Along the rows: [height, rows]; its own rows are real and imaginary parts in turn. */
export const rowMatrix = ({ height }: DftPlan, { rows, scale, sign }: Side): Matrix =>
  Array.from({ length: height }, (_, row) =>
    rows.map((position) => {
      const angle = (Math.PI * (2 * Math.floor(row / 2) + 1) * position) / height
      return scale * (row % 2 === 0 ? Math.cos(angle) : sign * Math.sin(angle))
    }),
  )

/** Along the columns: [3 · width, 2 · columns], from real and imaginary parts to the three parts. */
export const columnMatrix = ({ width }: DftPlan, { columns, parts, sign }: Side): Matrix => {
  const angles = Array.from({ length: width }, (_, frequency) =>
    columns.map((position) => (2 * Math.PI * frequency * position) / width),
  )
  return [0, 1, 2].flatMap((part) =>
    angles.map((row) => [
      ...row.map((angle) => parts(Math.cos(angle), sign * Math.sin(angle))[part]),
      ...row.map((angle) => parts(-sign * Math.sin(angle), Math.cos(angle))[part]),
    ]),
  )
}

export const transposed = (matrix: Matrix): Matrix => matrix[0].map((_, i) => matrix.map((row) => row[i]))
