/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "basic/fd.h"
#include "basic/memory.h"
#include "basic/str.h"
#include "oci/example.h"
#include "oci/oci.h"
#include "spec/json.h"

static const char *arg_bundle, *arg_file;
static bool arg_rootless_document;

const Option spec_options[] = {
        { "bundle", 'b', "DIRECTORY", "Where to write it; default: the working directory", option_set_path,
          &arg_bundle },
        { "file", 'f', "FILE", "Another name than config.json", option_set_path, &arg_file },
        { "rootless", 0, NULL, "For a container of a user without privileges", option_set_flag,
          &arg_rootless_document },
        {},
};

/* One that is there is never overwritten. */
static int write_document(const char *text, Failure *f) {
        const char *name = arg_file ?: "config.json";
        _cleanup_close_ int dir_fd = open(arg_bundle ?: ".", O_PATH | O_DIRECTORY | O_CLOEXEC), fd = -EBADF;
        int r;

        if (dir_fd < 0)
                return failure_set_errno(f, FAILURE_INVALID_ARGUMENT, errno, "cannot open the bundle %s",
                                         arg_bundle ?: ".");
        fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd < 0)
                return errno == EEXIST ? failure_set(f, FAILURE_NAME_IN_USE,
                                                     "%s exists already; remove it first, or choose another "
                                                     "with --bundle or --file",
                                                     name)
                                       : failure_set_errno(f, FAILURE_STORAGE, errno, "cannot make %s",
                                                           name);
        r = fd_write_all(fd, text, strlen(text));
        if (r < 0)
                (void) unlinkat(dir_fd, name, 0);
        return r < 0 ? failure_set_errno(f, FAILURE_STORAGE, r, "cannot write %s", name) : 0;
}

int verb_spec(const Oci *oci, char **operands, Failure *f) {
        _cleanup_free_ char *text = NULL, *line = NULL;
        _cleanup_json_ json_object *o = NULL;
        int r;

        r = example_new(arg_rootless_document, &o);
        if (r >= 0)
                r = json_format(o, true, &text);
        if (r >= 0)
                r = string_format(&line, "%s\n", text);
        return r < 0 ? r : write_document(line, f);
}
