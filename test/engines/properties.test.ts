/** A few random networks; properties.long.test.ts has more. */
import { testRandomCases } from "./randomCases.ts"

testRandomCases(4)
