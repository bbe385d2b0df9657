/** Parts of several cases. */
import { layers } from "../../../schemas/experiment/Model.ts"
import { optimizers } from "../../../schemas/experiment/Optimizer.ts"

export const head = [layers.flatten(), layers.dense({ units: 3 })] as const
/** A large ε keeps Adam from dividing rounding errors of tiny gradients by themselves. */
export const adam = optimizers.adam({ learningRate: 1, epsilon: 1e-3 })
