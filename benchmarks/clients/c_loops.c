/* Scalar kernels of venire in loops, and fits; arrays are taken to be what they must be. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "venire.h"

static PyObject *of_three(PyObject *args, double (*function)(double, double, double))
{
    Py_buffer a, b, x, out;
    if (!PyArg_ParseTuple(args, "y*y*y*w*", &a, &b, &x, &out)) return NULL;
    const Py_ssize_t n = out.len / 8;
    for (Py_ssize_t k = 0; k < n; k++)
        ((double *)out.buf)[k] = function(((double *)a.buf)[k], ((double *)b.buf)[k], ((double *)x.buf)[k]);
    PyBuffer_Release(&a);
    PyBuffer_Release(&b);
    PyBuffer_Release(&x);
    PyBuffer_Release(&out);
    Py_RETURN_NONE;
}

static PyObject *cdf(PyObject *self, PyObject *args)
{
    (void)self;
    return of_three(args, venire_beta_cdf);
}

static PyObject *quantile(PyObject *self, PyObject *args)
{
    (void)self;
    return of_three(args, venire_beta_quantile);
}

static PyObject *fits(PyObject *self, PyObject *args)
{
    Py_buffer first, second, win, loss, theta;
    int times, status = 0;
    (void)self;
    if (!PyArg_ParseTuple(args, "iy*y*y*y*w*", &times, &first, &second, &win, &loss, &theta)) return NULL;
    for (int k = 0; k < times; k++)
        status |= venire_fit_small(0, 0.1, theta.len / 8, first.len / 4, (int32_t *)first.buf,
                                   (int32_t *)second.buf, (double *)win.buf, (double *)loss.buf,
                                   (double *)theta.buf);
    PyBuffer_Release(&first);
    PyBuffer_Release(&second);
    PyBuffer_Release(&win);
    PyBuffer_Release(&loss);
    PyBuffer_Release(&theta);
    return PyLong_FromLong(status);
}

static PyMethodDef methods[] = {{"cdf", cdf, METH_VARARGS, NULL},
                                {"quantile", quantile, METH_VARARGS, NULL},
                                {"fits", fits, METH_VARARGS, NULL},
                                {NULL, NULL, 0, NULL}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "c_loops", NULL, -1, methods,
                                        NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit_c_loops(void)
{
    return venire_import() < 0 ? NULL : PyModule_Create(&definition);
}
