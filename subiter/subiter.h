/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#define SUBITER_INSIDE
#include <subiter-batch.h>
#include <subiter-callable.h>
#include <subiter-columns.h>
#include <subiter-enums.h>
#include <subiter-error.h>
#include <subiter-failure.h>
#include <subiter-interpreter.h>
#include <subiter-port.h>
#include <subiter-run.h>
#include <subiter-runtime.h>
#include <subiter-shutdown.h>
#include <subiter-source.h>
#include <subiter-types.h>
#include <subiter-value.h>
#include <subiter-version.h>
#undef SUBITER_INSIDE
