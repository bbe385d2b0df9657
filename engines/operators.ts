/**
 * Operations on single elements that mean the same everywhere, one row each: a new one is a row and a parity case.
 *
 * A row gives an operation of the trace its name in TensorFlow.js (the kernel), in ONNX and in TensorFlow.
 */

export interface Operator {
  readonly kernel: string
  readonly onnx: string
  readonly tensorflow: string
}
const row = (kernel: string, onnx = kernel, tensorflow = onnx): Operator => ({ kernel, onnx, tensorflow })

/** [..] × [..] -> [..] with broadcasting */
export const arithmetic = {
  Add: row("Add", "Add", "AddV2"),
  Sub: row("Sub"),
  Mul: row("Multiply", "Mul"),
  Div: row("RealDiv", "Div", "RealDiv"),
  Maximum: row("Maximum", "Max", "Maximum"),
  Minimum: row("Minimum", "Min", "Minimum"),
  Pow: row("Pow"),
}

/** [..] × [..] -> truth values [..] with broadcasting */
export const comparisons = {
  Greater: row("Greater"),
  GreaterEqual: row("GreaterEqual", "GreaterOrEqual", "GreaterEqual"),
  Less: row("Less"),
  LessEqual: row("LessEqual", "LessOrEqual", "LessEqual"),
  Equal: row("Equal"),
  LogicalAnd: row("LogicalAnd", "And", "LogicalAnd"),
  LogicalOr: row("LogicalOr", "Or", "LogicalOr"),
}

/** One value in, one of the same shape out. */
export const functions = {
  LogicalNot: row("LogicalNot", "Not", "LogicalNot"),
  Relu: row("Relu"),
  Exp: row("Exp"),
  Log: row("Log"),
  Sqrt: row("Sqrt"),
  Neg: row("Neg"),
  Erf: row("Erf"),
  Sigmoid: row("Sigmoid"),
  Tanh: row("Tanh"),
  Softplus: row("Softplus"),
  Elu: row("Elu"),
  Selu: row("Selu"),
  Abs: row("Abs"),
  Sign: row("Sign"),
  Floor: row("Floor"),
  Reciprocal: row("Reciprocal"),
}

export const operators = { ...arithmetic, ...comparisons, ...functions }
export type ElementOperation = keyof typeof operators

export const rowsOf = <K extends string>(rows: Readonly<Record<K, Operator>>) =>
  (Object.keys(rows) as Array<K>).map((name) => [name, rows[name]] as const)

/** A rule for every row. */
export const rulesOf = <R>(rule: (operator: Operator) => R) =>
  Object.fromEntries(rowsOf(operators).map(([name, row]) => [name, rule(row)])) as Record<ElementOperation, R>
