// SPDX-License-Identifier: Apache-2.0
// The bell in WebKitGTK, the engine of Safari.
import { testEngine } from './engine_cases.mjs';
import { openBrowser } from './webkit.mjs';

testEngine(openBrowser);
